// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/meeting.h"

#include "bench/hosts/handshake.h"
#include "bench/hosts/threshold.h"
#include "drivers/api/errors.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <thread>
#include <utility>

namespace bench::hosts {

using namespace std::chrono_literals;

namespace {

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const socklen_t length =
        address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    ::getnameinfo(&address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return text.data();
}

// Of one interface, or of all but loopback.
std::vector<std::string> own_addresses(const std::string& interface) {
    std::vector<std::string> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
        return out;
    }
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        const bool is_ip = one->ifa_addr != nullptr && (one->ifa_addr->sa_family == AF_INET ||
                                                        one->ifa_addr->sa_family == AF_INET6);
        const bool loopback = (one->ifa_flags & static_cast<unsigned>(IFF_LOOPBACK)) != 0;
        if (is_ip && (interface.empty() ? !loopback : interface == one->ifa_name)) {
            const std::string text = address_text(*one->ifa_addr);
            if (text.find('%') == std::string::npos) { // Not link-local.
                out.push_back(text);
            }
        }
    }
    ::freeifaddrs(all);
    return out;
}

[[noreturn]] void fail(const std::string& what) {
    throw drivers::HostError(fmt::format("the other hosts: {}: {}", what, std::strerror(errno)));
}

bool await_readable(int descriptor, drivers::Duration patience) {
    pollfd ready{descriptor, POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(patience / 1ms)) > 0;
}

int connected_to(const std::string& address, std::uint16_t port, drivers::Duration patience) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        return -1;
    }
    const int out = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_there = out >= 0 && (::connect(out, found->ai_addr, found->ai_addrlen) == 0 ||
                                 errno == EINPROGRESS);
    ::freeaddrinfo(found);
    if (is_there) {
        pollfd ready{out, POLLOUT, 0};
        int error = ETIMEDOUT;
        socklen_t length = sizeof error;
        is_there = ::poll(&ready, 1, static_cast<int>(patience / 1ms)) > 0 &&
                   ::getsockopt(out, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0;
    }
    if (!is_there && out >= 0) {
        ::close(out);
    }
    return is_there ? out : -1;
}

// Whatever comes before `until`, at most so many bytes; fewer when the other end has gone.
std::string
received(int descriptor, std::size_t bytes, std::chrono::steady_clock::time_point until) {
    std::string out;
    while (out.size() < bytes) {
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= 0s || !await_readable(descriptor, left)) {
            break;
        }
        std::array<char, 64> piece{};
        const ssize_t got =
            ::recv(descriptor, piece.data(), std::min(piece.size(), bytes - out.size()), 0);
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) {
            break;
        }
        out.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return out;
}

} // namespace

std::string MeetingPlace::text() const {
    return fmt::format("{} {}", port, fmt::join(addresses, " "));
}

MeetingPlace MeetingPlace::from_text(const std::string& text) {
    std::istringstream in(text);
    MeetingPlace out;
    in >> out.port;
    for (std::string address; in >> address;) {
        out.addresses.push_back(address);
    }
    if (out.port == 0 || out.addresses.empty()) {
        throw drivers::HostError("the leading host says no place where to meet");
    }
    return out;
}

void Meeting::listen_on(const std::string& address) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(place_.port).c_str(), &hints, &found) != 0) {
        throw drivers::HostError(fmt::format("the other hosts: {} is no address", address));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
    const int door = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    const int no = 0; // IPv4 comes in by the same door where it is the door to everywhere.
    constexpr int waiting_max = 1024;
    if (door >= 0) {
        doors_.push_back(door);
        ::setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (found->ai_family == AF_INET6) {
            ::setsockopt(door, IPPROTO_IPV6, IPV6_V6ONLY, address == "::" ? &no : &yes, sizeof no);
        }
    }
    if (door < 0 || ::bind(door, found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(door, waiting_max) != 0) {
        fail(fmt::format("no door at {} to let them in", address));
    }
    sockaddr_in6 bound{};
    socklen_t length = sizeof bound;
    ::getsockname(door, reinterpret_cast<sockaddr*>(&bound), &length);
    place_.port = ntohs(bound.sin6_port); // At the same place in an IPv4 address.
}

Meeting::Meeting(const MeetingTerms& terms)
    : terms_(terms) {
    if (terms.only_this_host && terms.only_on.empty()) {
        place_.addresses = {"127.0.0.1"};
    } else if (terms.only_on.empty()) {
        place_.addresses = own_addresses("");
    } else {
        place_.addresses = own_addresses(terms.only_on);
        if (place_.addresses.empty()) {
            place_.addresses = {terms.only_on}; // An address.
        }
    }
    try {
        if (terms.only_on.empty() && !terms.only_this_host) {
            const bool has_six = std::any_of(
                place_.addresses.begin(), place_.addresses.end(), [](const auto& address) {
                    return address.find(':') != std::string::npos;
                });
            listen_on(has_six ? "::" : "0.0.0.0");
        } else {
            for (const std::string& address : place_.addresses) {
                listen_on(address); // All at the port of the first.
            }
        }
    } catch (...) {
        for (const int door : doors_) {
            ::close(door);
        }
        throw;
    }
}

Meeting::~Meeting() {
    for (const int door : doors_) {
        ::close(door);
    }
}

std::vector<Met> Meeting::await(const std::vector<PublicKey>& ranks, drivers::Duration patience) {
    Threshold threshold(key_, ranks);
    const auto until = std::chrono::steady_clock::now() + patience;
    std::vector<pollfd> watched;
    while (threshold.missing() > 0) {
        const auto left = until - std::chrono::steady_clock::now();
        if (left <= 0s) {
            throw drivers::HostError(fmt::format(
                "{} of {} hosts did not come to the meeting", threshold.missing(), ranks.size()));
        }
        watched.clear();
        for (const int door : doors_) {
            watched.push_back({door, POLLIN, 0});
        }
        threshold.watch(watched);
        const auto look = std::min<drivers::Duration>(left, 50ms); // For those who say nothing.
        ::poll(watched.data(), watched.size(), static_cast<int>(look / 1ms) + 1);
        threshold.hear(std::span(watched).subspan(doors_.size()));
        for (std::size_t i = 0; i < doors_.size(); ++i) {
            if (watched[i].revents != 0) {
                threshold.let_come(doors_[i], terms_.newcomer_time);
            }
        }
    }
    return threshold.take();
}

namespace {

// None: not let in, or what is there is not the leader.
std::optional<Met>
introduced(int descriptor, const Newcomer& self, std::chrono::steady_clock::time_point until) {
    speak_at_once(descriptor);
    const std::string challenge = received(descriptor, challenge_bytes, until);
    if (challenge.size() != challenge_bytes) {
        return std::nullopt;
    }
    const ConnectionKeys keys = keys_of(self.key.shared_with(self.leader), challenge);
    const std::string rank = fmt::format("{:08x}", self.rank);
    const std::string proof = seal_proof(keys.newcomer_proof, challenge + rank);
    if (!say(descriptor, rank + proof) ||
        !is_proof(received(descriptor, proof_bytes, until), keys.leader_proof, challenge)) {
        return std::nullopt;
    }
    const int flags = ::fcntl(descriptor, F_GETFL);
    ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    return Met{descriptor, {keys.to_leader, keys.to_newcomer}};
}

} // namespace

Met go_to(const MeetingPlace& place, const Newcomer& self, drivers::Duration patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    const auto share = patience / static_cast<std::int64_t>(place.addresses.size());
    do {
        for (const std::string& address : place.addresses) {
            const int descriptor = connected_to(address, place.port, share);
            if (descriptor < 0) {
                continue;
            }
            if (auto met = introduced(descriptor, self, until)) {
                return *met;
            }
            ::close(descriptor);
        }
        std::this_thread::sleep_for(50ms);
    } while (std::chrono::steady_clock::now() < until);
    throw drivers::HostError(
        fmt::format("the leading host does not let this one in at any of {}, port {}",
                    fmt::join(place.addresses, ", "),
                    place.port));
}

} // namespace bench::hosts
