// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/network_namespace.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <fmt/format.h>
#include <system_error>
#include <thread>
#include <utility>

namespace drivers::lab {

namespace {

constexpr const char* own_network = "/proc/thread-self/ns/net";

std::string last_error() {
    return std::generic_category().message(errno);
}

// In a child, so that this process keeps its network.
bool may_make_networks() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(::unshare(CLONE_NEWNET) == 0 ? 0 : 1);
    }
    int status = 1;
    return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool write_text(const char* path, const std::string& text) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    const bool done =
        file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) {
        ::close(file);
    }
    return done;
}

} // namespace

NetworkNamespace::NetworkNamespace() {
    std::string why;
    std::thread maker([&] { // A thread may leave its process's network alone.
        if (::unshare(CLONE_NEWNET) != 0) {
            why = last_error();
            return;
        }
        descriptor_ = ::open(own_network, O_RDONLY | O_CLOEXEC);
        why = descriptor_ < 0 ? last_error() : "";
    });
    maker.join();
    if (descriptor_ < 0) {
        throw HostError("network namespace: " + why);
    }
}

NetworkNamespace::~NetworkNamespace() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

void NetworkNamespace::run_inside(const std::function<void()>& act) const {
    std::exception_ptr failure;
    std::thread inside([&] {
        try {
            const Visit visit(descriptor_);
            act();
        } catch (...) {
            failure = std::current_exception();
        }
    });
    inside.join();
    if (failure) {
        std::rethrow_exception(failure);
    }
}

Visit::Visit(int descriptor)
    : home_(::open(own_network, O_RDONLY | O_CLOEXEC)) {
    if (home_ < 0 || ::setns(descriptor, CLONE_NEWNET) != 0) {
        const std::string why = last_error();
        if (home_ >= 0) {
            ::close(home_);
        }
        throw HostError("network namespace: cannot be entered: " + why);
    }
}

Visit::~Visit() {
    // From inside a user namespace the network outside of it cannot be entered again: the thread
    // then stays where it is, which is nowhere.
    (void)::setns(home_, CLONE_NEWNET);
    ::close(home_);
}

std::string gain_network_rights() {
    if (may_make_networks()) {
        return "";
    }
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWUSER) != 0) {
        return fmt::format("neither root nor a user namespace is to be had here: {}", last_error());
    }
    (void)write_text("/proc/self/setgroups", "deny"); // Absent where it is not needed.
    if (!write_text("/proc/self/uid_map", fmt::format("0 {} 1", user)) ||
        !write_text("/proc/self/gid_map", fmt::format("0 {} 1", group))) {
        return fmt::format("a user namespace without its maps: {}", last_error());
    }
    return may_make_networks() ? "" : "the user namespace may make no networks";
}

} // namespace drivers::lab
