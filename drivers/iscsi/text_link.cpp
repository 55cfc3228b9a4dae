// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/text_link.h"

#include "drivers/api/errors.h"
#include "drivers/wire/crc32c.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <memory>

namespace drivers::iscsi {

namespace {

constexpr std::size_t text_bytes_max = 1U << 20U; // In one PDU; no array sends as much.

struct Place {
    std::string host;
    std::string port = "3260";
};

Place place_of(const std::string& portal) {
    Place out;
    const auto close = portal.find(']');
    const auto colon = portal.rfind(':');
    const bool has_port =
        colon != std::string::npos && (close == std::string::npos || colon > close);
    out.host = portal.substr(0, has_port ? colon : portal.size());
    if (has_port) {
        out.port = portal.substr(colon + 1);
    }
    if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']') {
        out.host = out.host.substr(1, out.host.size() - 2);
    }
    return out;
}

} // namespace

TextLink::TextLink(const std::string& portal, const Clock& clock, TimePoint deadline)
    : clock_(clock)
    , deadline_(deadline) {
    const Place place = place_of(portal);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(place.host.c_str(), place.port.c_str(), &hints, &found);
        error != 0) {
        throw ArrayError(fmt::format("\"{}\" cannot be resolved: {}", portal, gai_strerror(error)));
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
    std::string why = "no address";
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        fd_ = socket(each->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) {
            throw HostError(fmt::format("socket: {}", std::strerror(errno)));
        }
        int error = connect(fd_, each->ai_addr, each->ai_addrlen) == 0 ? 0 : errno;
        try {
            if (error == EINPROGRESS) {
                wait_for(POLLOUT);
                socklen_t length = sizeof error;
                getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
            }
        } catch (const ArrayError&) {
            close(fd_);
            throw;
        }
        if (error == 0) {
            return;
        }
        why = std::strerror(error);
        close(fd_);
        fd_ = -1;
    }
    throw ArrayError(fmt::format("no connection: {}", why));
}

TextLink::~TextLink() {
    if (fd_ >= 0) {
        close(fd_);
    }
}

void TextLink::wait_for(short events) {
    const Duration left = deadline_ - clock_.now();
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count() + 1;
    pollfd ready{fd_, events, 0};
    if (left <= Duration{0} ||
        ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(ms, 3'600'000))) <= 0) {
        throw ArrayError("no answer in time");
    }
}

void TextLink::send_all(wire::Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            wait_for(POLLOUT);
        } else if (sent <= 0) {
            throw ArrayError("the connection ended");
        } else {
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
    }
}

void TextLink::receive_all(wire::MutableBytes bytes) {
    while (!bytes.empty()) {
        const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == EAGAIN) {
            wait_for(POLLIN);
        } else if (got <= 0) {
            throw ArrayError("the connection ended");
        } else {
            bytes = bytes.subspan(static_cast<std::size_t>(got));
        }
    }
}

void TextLink::send(wire::iscsi::BasicHeader header, std::string_view text) {
    header.set_data_bytes(text.size());
    std::vector<std::byte> all(header.bytes.begin(), header.bytes.end());
    if (digests_.header) {
        const auto digest = wire::crc32c_wire_bytes(wire::crc32c(header.bytes));
        all.insert(all.end(), digest.begin(), digest.end());
    }
    const wire::Bytes data = std::as_bytes(std::span(text));
    all.insert(all.end(), data.begin(), data.end());
    all.resize(all.size() + wire::iscsi::padding_for(text.size()));
    send_all(all);
}

TextPdu TextLink::receive() {
    TextPdu out;
    receive_all(out.header.bytes);
    const wire::iscsi::PduExtent extent = wire::iscsi::extent_of(out.header, digests_);
    if (extent.data > text_bytes_max) {
        throw ArrayError(fmt::format("a PDU of {} bytes of text", extent.data));
    }
    std::vector<std::byte> rest(extent.total() - wire::iscsi::header_bytes);
    receive_all(rest);
    if (digests_.header) {
        std::uint32_t running = wire::crc32c_update(wire::crc32c_seed, out.header.bytes);
        running = wire::crc32c_update(running, std::span(rest).first(extent.ahs));
        const auto wanted = wire::crc32c_wire_bytes(wire::crc32c_digest(running));
        if (!std::equal(wanted.begin(),
                        wanted.end(),
                        rest.begin() + static_cast<std::ptrdiff_t>(extent.ahs))) {
            throw ArrayError("a header with a wrong digest");
        }
    }
    const auto* const text = reinterpret_cast<const char*>(rest.data()) + extent.ahs +
                             extent.header_digest; // NOLINT: bytes as they came.
    out.text.assign(text, extent.data);
    return out;
}

} // namespace drivers::iscsi
