// SPDX-License-Identifier: Apache-2.0
#include "drivers/confine/confined_child.h"

#include "drivers/api/errors.h"
#include "drivers/confine/capabilities.h"
#include "drivers/confine/computing_only.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

namespace drivers::confine {

namespace {

// The first byte of what a child says.
constexpr char said_confined = 'C';
constexpr char said_unconfined = 'U';
constexpr char threw_usage = '2';
constexpr char threw_array = '3';
constexpr char threw_safety = '4';
constexpr char threw_host = '5';
constexpr char threw_other = '?';

// A signal handler can reach nothing else.
volatile std::sig_atomic_t child_now = 0;

void pass_on(int number) {
    if (child_now > 0) {
        ::kill(static_cast<pid_t>(child_now), number);
    }
}

// While it lives, the signals that end a program reach the child alone.
class SignalsPassedOn {
public:
    explicit SignalsPassedOn(pid_t child) {
        child_now = child;
        for (std::size_t i = 0; i < signals.size(); ++i) {
            struct sigaction action {};
            action.sa_handler = pass_on;
            action.sa_flags = SA_RESTART;
            ::sigaction(signals[i], &action, &before_[i]);
        }
    }
    ~SignalsPassedOn() {
        for (std::size_t i = 0; i < signals.size(); ++i) {
            ::sigaction(signals[i], &before_[i], nullptr);
        }
        child_now = 0;
    }
    SignalsPassedOn(const SignalsPassedOn&) = delete;
    SignalsPassedOn& operator=(const SignalsPassedOn&) = delete;

private:
    static constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
    std::array<struct sigaction, signals.size()> before_{};
};

void say_all(int descriptor, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t wrote = ::write(descriptor, text.data() + at, text.size() - at);
        if (wrote < 0 && errno != EINTR) {
            return;
        }
        at += static_cast<std::size_t>(wrote > 0 ? wrote : 0);
    }
}

std::string answer_of(const std::function<std::string()>& work) {
    try {
        hide_memory();
        keep_only({});
        const bool confined = confine(Confinement::computing);
        return (confined ? said_confined : said_unconfined) + work();
    } catch (const UsageError& error) {
        return threw_usage + std::string(error.what());
    } catch (const ArrayError& error) {
        return threw_array + std::string(error.what());
    } catch (const SafetyError& error) {
        return threw_safety + std::string(error.what());
    } catch (const HostError& error) {
        return threw_host + std::string(error.what());
    } catch (const std::exception& error) {
        return threw_other + std::string(error.what());
    }
}

// Until the other end is closed; of more than `bytes_max` somewhat more.
std::string all_from(int descriptor, std::size_t bytes_max) {
    std::string out;
    std::array<char, 65536> piece{};
    while (out.size() <= bytes_max) {
        const ssize_t got = ::read(descriptor, piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return out;
        }
        out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

ConfinedAnswer answer_from(std::string_view all, int status) {
    if (WIFSIGNALED(status)) {
        throw HostError(std::string("the child that reads foreign bytes was ended by signal ") +
                        std::to_string(WTERMSIG(status)) +
                        ": what it read is hostile, or this program has a bug");
    }
    if (all.empty()) {
        throw std::runtime_error("the child that reads foreign bytes said nothing");
    }
    const char kind = all.front();
    const std::string said(all.substr(1));
    switch (kind) {
    case said_confined:
    case said_unconfined:
        return {said, kind == said_confined};
    case threw_usage:
        throw UsageError(said);
    case threw_array:
        throw ArrayError(said);
    case threw_safety:
        throw SafetyError(said);
    case threw_host:
        throw HostError(said);
    default:
        throw std::runtime_error(said);
    }
}

} // namespace

ConfinedAnswer in_confined_child(const std::function<std::string()>& work, std::size_t bytes_max) {
    std::array<int, 2> ends{};
    const pid_t parent = ::getpid();
    const pid_t child = ::pipe2(ends.data(), O_CLOEXEC) == 0 ? ::fork() : -1;
    if (child < 0) {
        throw HostError(std::string("no process for foreign bytes: ") + std::strerror(errno));
    }
    if (child == 0) {
        ::close(ends[0]);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() == parent) {
            say_all(ends[1], answer_of(work));
        }
        ::_exit(0); // Nothing of the parent's is flushed or destroyed here.
    }
    const SignalsPassedOn passed(child);
    ::close(ends[1]);
    const std::string said = all_from(ends[0], bytes_max);
    const bool is_too_much = said.size() > bytes_max;
    if (is_too_much) {
        ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (is_too_much) {
        throw HostError("the child that reads foreign bytes says more than " +
                        std::to_string(bytes_max) + " bytes");
    }
    return answer_from(said, status);
}

} // namespace drivers::confine
