// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/meeting.h"

#include "drivers/api/errors.h"

#include <arpa/inet.h>
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
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>

namespace bench::hosts {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t token_letters = 32;
constexpr std::size_t greeting_bytes = token_letters + 8; // Word and rank, both hexadecimal.

std::string drawn_token() {
    std::array<unsigned char, token_letters / 2> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw drivers::HostError("no random numbers from the kernel");
    }
    return fmt::format("{:02x}", fmt::join(bytes, ""));
}

std::string address_text(const sockaddr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const socklen_t length =
        address.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    ::getnameinfo(&address, length, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    return text.data();
}

std::vector<std::string> own_addresses() {
    std::vector<std::string> out;
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) {
        return out;
    }
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
        const bool is_ip = one->ifa_addr != nullptr && (one->ifa_addr->sa_family == AF_INET ||
                                                        one->ifa_addr->sa_family == AF_INET6);
        if (is_ip && (one->ifa_flags & static_cast<unsigned>(IFF_LOOPBACK)) == 0) {
            const std::string text = address_text(*one->ifa_addr);
            if (text.find('%') == std::string::npos) { // Not link-local.
                out.push_back(text);
            }
        }
    }
    ::freeifaddrs(all);
    return out;
}

void fail(const char* what) {
    throw drivers::HostError(fmt::format("the other hosts: {}: {}", what, std::strerror(errno)));
}

bool await_readable(int descriptor, drivers::Duration patience) {
    pollfd ready{descriptor, POLLIN, 0};
    return ::poll(&ready, 1, static_cast<int>(patience / 1ms)) > 0;
}

// What a newcomer says of itself; 0 = nothing that counts.
unsigned rank_of_newcomer(int descriptor, const std::string& token) {
    std::string text;
    while (text.size() < greeting_bytes && await_readable(descriptor, 5s)) {
        std::array<char, greeting_bytes> piece{};
        const ssize_t got = ::recv(descriptor, piece.data(), greeting_bytes - text.size(), 0);
        if (got <= 0) {
            break;
        }
        text.append(piece.data(), static_cast<std::size_t>(got));
    }
    if (text.size() != greeting_bytes || text.compare(0, token_letters, token) != 0) {
        return 0;
    }
    return static_cast<unsigned>(std::strtoul(text.c_str() + token_letters, nullptr, 16));
}

void speak_at_once(int descriptor) {
    const int yes = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
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

} // namespace

std::string MeetingPlace::text() const {
    return fmt::format("{} {} {}", token, port, fmt::join(addresses, " "));
}

MeetingPlace MeetingPlace::from_text(const std::string& text) {
    std::istringstream in(text);
    MeetingPlace out;
    in >> out.token >> out.port;
    for (std::string address; in >> address;) {
        out.addresses.push_back(address);
    }
    if (out.token.size() != token_letters || out.port == 0 || out.addresses.empty()) {
        throw drivers::HostError("the leading host says no place where to meet");
    }
    return out;
}

Meeting::Meeting(bool only_this_host)
    : descriptor_(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 any{};
    sockaddr_in local{};
    const auto* address = reinterpret_cast<const sockaddr*>(&any);
    socklen_t length = sizeof any;
    any.sin6_family = AF_INET6;
    local.sin_family = AF_INET;
    local.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (only_this_host || descriptor_ < 0) { // Or a host without IPv6.
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        local.sin_addr.s_addr = htonl(only_this_host ? INADDR_LOOPBACK : INADDR_ANY);
        address = reinterpret_cast<const sockaddr*>(&local);
        length = sizeof local;
    } else {
        const int no = 0; // IPv4 comes in by the same door.
        ::setsockopt(descriptor_, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    constexpr int waiting_max = 1024;
    if (descriptor_ < 0 || ::bind(descriptor_, address, length) != 0 ||
        ::listen(descriptor_, waiting_max) != 0) {
        fail("no door to let them in");
    }
    sockaddr_in6 bound{};
    length = sizeof bound;
    ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &length);
    place_.port = ntohs(bound.sin6_port); // At the same place in an IPv4 address.
    place_.addresses = only_this_host ? std::vector<std::string>{"127.0.0.1"} : own_addresses();
    place_.token = drawn_token();
}

Meeting::~Meeting() {
    ::close(descriptor_);
}

std::vector<int> Meeting::await(unsigned size, drivers::Duration patience) {
    std::vector<int> out(size - 1, -1);
    const auto until = std::chrono::steady_clock::now() + patience;
    for (unsigned missing = size - 1; missing > 0;) {
        const auto left = until - std::chrono::steady_clock::now();
        const bool is_somebody = left > 0s && await_readable(descriptor_, left);
        if (!is_somebody) {
            for (const int one : out) {
                ::close(one);
            }
            throw drivers::HostError(
                fmt::format("{} of {} hosts did not come to the meeting", missing, size));
        }
        const int newcomer = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
        if (newcomer < 0) {
            continue;
        }
        const unsigned rank = rank_of_newcomer(newcomer, place_.token);
        if (rank == 0 || rank >= size || out[rank - 1] >= 0) {
            ::close(newcomer);
            continue;
        }
        speak_at_once(newcomer);
        out[rank - 1] = newcomer;
        --missing;
    }
    return out;
}

int go_to(const MeetingPlace& place, unsigned rank, drivers::Duration patience) {
    const auto share = patience / static_cast<std::int64_t>(place.addresses.size());
    for (const std::string& address : place.addresses) {
        const int out = connected_to(address, place.port, share);
        if (out < 0) {
            continue;
        }
        speak_at_once(out);
        const std::string greeting = fmt::format("{}{:08x}", place.token, rank);
        if (::send(out, greeting.data(), greeting.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(greeting.size())) {
            return out;
        }
        ::close(out);
    }
    throw drivers::HostError(fmt::format("the leading host is not reached at any of {}, port {}",
                                         fmt::join(place.addresses, ", "),
                                         place.port));
}

} // namespace bench::hosts
