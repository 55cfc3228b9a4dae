// SPDX-License-Identifier: Apache-2.0
#include "tests/contract/tgtd.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace tests {

namespace {

pid_t start(const std::vector<std::string>& arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str())); // NOLINT: execvp does not write.
    }
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], argv.data());
        _exit(127);
    }
    return child;
}

std::string control_socket(int control) {
    return "/var/run/tgtd/socket." + std::to_string(control);
}

// Several may run at once, of one test program and of others; tgtd takes numbers up to 32767.
int next_control() {
    static int last = static_cast<int>(getpid()) * 64;
    do {
        last = 1000 + (last + 1) % 31000;
    } while (access(control_socket(last).c_str(), F_OK) == 0);
    return last;
}

} // namespace

int run_program(const std::vector<std::string>& arguments) {
    const pid_t child = start(arguments);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return -1;
    }
    return WEXITSTATUS(status);
}

int free_port() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bind(fd, reinterpret_cast<sockaddr*>(&address), length);         // NOLINT
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length); // NOLINT
    close(fd);
    return ntohs(address.sin_port);
}

bool Tgtd::present() {
    return geteuid() == 0 && run_program({"tgtadm", "--version"}) == 0;
}

Tgtd::Tgtd()
    : port_(free_port())
    , control_(next_control())
    , image_("/dev/shm/arraybench-test-" + std::to_string(control_) + ".img") {
    const int file = open(image_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const bool sized = file >= 0 && ftruncate(file, 256 << 20) == 0;
    close(file);
    const std::string control = std::to_string(control_);
    pid_ = start({"tgtd", "-f", "--iscsi", "portal=" + portal(), "-C", control});
    for (int i = 0; sized && i < 100 && !running_; ++i) {
        running_ = run_program({"tgtadm", "-C", control, "--op", "show", "--mode", "sys"}) == 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(50)); // tgtd says nothing when ready.
    }
    tell({"--op", "new", "--mode", "target", "--tid", "1", "-T", "iqn.2001-04.org.tgt:contract"});
    const std::vector<std::string> lun = {"--op", "new", "--mode", "logicalunit", "--tid", "1"};
    const auto add = [&](std::vector<std::string> more) {
        more.insert(more.begin(), lun.begin(), lun.end());
        tell(more);
    };
    add({"--lun", "1", "--bstype", "rdwr", "-b", image_});
    add({"--lun", "2", "--bstype", "null", "-b", "1g"});
    tell({"--op",
          "update",
          "--mode",
          "logicalunit",
          "--tid",
          "1",
          "--lun",
          "1",
          "--params",
          "thin_provisioning=1"});
    tell({"--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL"});
}

Tgtd::~Tgtd() {
    if (pid_ > 0) {
        kill(pid_, SIGKILL); // It ignores SIGTERM as long as it has targets.
        waitpid(pid_, nullptr, 0);
    }
    unlink(image_.c_str());
    unlink(control_socket(control_).c_str());
    unlink((control_socket(control_) + ".lock").c_str());
}

std::string Tgtd::portal() const {
    return "127.0.0.1:" + std::to_string(port_);
}

std::string Tgtd::url(int lun) const {
    return "iscsi://" + portal() + "/iqn.2001-04.org.tgt:contract/" + std::to_string(lun);
}

void Tgtd::tell(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {"tgtadm", "-C", std::to_string(control_), "--lld", "iscsi"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    run_program(all);
}

void Tgtd::freeze() const {
    kill(pid_, SIGSTOP);
}

void Tgtd::thaw() const {
    kill(pid_, SIGCONT);
}

} // namespace tests
