// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/guard.h"

#include "drivers/api/errors.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

namespace bench::hosts {

namespace {

constexpr int exit_host = 5;
constexpr int exit_incomplete = 6;
constexpr int mpi_gave_up = 1; // Its own way to end a process that it cannot introduce.
constexpr int signal_base = 128;

// A signal handler can reach nothing else.
volatile std::sig_atomic_t worker = 0;

void pass_on(int number) {
    if (worker > 0) {
        ::kill(static_cast<pid_t>(worker), number);
    }
}

// What the launcher is to hear when the worker has ended so.
int code_of(int status, char met) {
    const bool killed = !WIFEXITED(status);
    const int code = killed ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
    if (met == 'L') {
        return killed ? exit_incomplete : code; // What is in the run's folder can be resumed.
    }
    if (met == 0 && code == mpi_gave_up) {
        constexpr std::string_view words =
            "arraybench: MPI does not know this launcher; Slurm wants srun --mpi=pmix\n";
        (void)!::write(STDERR_FILENO, words.data(), words.size());
        return exit_host;
    }
    return met == 'F' ? 0 : code; // The leader says what became of the run.
}

[[noreturn]] void watch(pid_t child, int heard) {
    worker = child;
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCONT, SIGUSR1, SIGUSR2}) {
        struct sigaction action {};
        action.sa_handler = pass_on;
        action.sa_flags = SA_RESTART;
        ::sigaction(number, &action, nullptr);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    char met = 0;
    (void)!::read(heard, &met, 1); // Nothing: they never met.
    ::_exit(code_of(status, met));
}

} // namespace

Guard::Guard() {
    std::array<int, 2> ends{};
    const pid_t launched = ::getpid();
    const pid_t child = ::pipe(ends.data()) == 0 ? ::fork() : -1;
    if (child < 0) {
        throw drivers::HostError("no process to work in");
    }
    if (child > 0) {
        ::close(ends[1]);
        watch(child, ends[0]);
    }
    ::close(ends[0]);
    told_ = ends[1];
    ::setpgid(0, 0); // The launcher's signals come once, passed on.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launched) {
        ::_exit(signal_base + SIGKILL);
    }
}

Guard::~Guard() {
    ::close(told_);
}

void Guard::met(bool leads) noexcept {
    const char word = leads ? 'L' : 'F';
    (void)!::write(told_, &word, 1);
}

} // namespace bench::hosts
