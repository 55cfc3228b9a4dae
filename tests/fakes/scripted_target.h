// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tests {

using Header = std::array<std::byte, 48>; // Basic header segment, RFC 7143 11.2.

// One connection of the scripted target: reads requests, writes whatever it is told to.
class TargetLink {
public:
    explicit TargetLink(int fd)
        : fd_(fd) {}

    bool receive() { // False: the initiator has gone.
        if (!read_all(request)) {
            return false;
        }
        const std::size_t bytes = drivers::wire::load_be24(request, 5);
        data.resize((bytes + 3) / 4 * 4);
        return read_all(data);
    }

    unsigned opcode() const { return std::to_integer<unsigned>(request[0]) & 0x3fU; }
    unsigned operation() const { return std::to_integer<unsigned>(request[32]); }
    std::uint32_t expected_bytes() const { return drivers::wire::load_be32(request, 20); }

    // An answer to the request in hand, its serial numbers in order.
    Header answer(std::uint8_t opcode, std::uint8_t flags) {
        Header out{};
        drivers::wire::store_u8(out, 0, opcode);
        drivers::wire::store_u8(out, 1, flags);
        drivers::wire::store_be32(out, 16, drivers::wire::load_be32(request, 16));
        drivers::wire::store_be32(out, 20, 0xffffffff);
        drivers::wire::store_be32(out, 24, stat_sn_++);
        const std::uint32_t command_sn = drivers::wire::load_be32(request, 24);
        drivers::wire::store_be32(out, 28, command_sn + 1);
        drivers::wire::store_be32(out, 32, command_sn + 64);
        return out;
    }

    void send(Header header, std::vector<std::byte> payload = {}) {
        drivers::wire::store_be24(header, 5, payload.size());
        payload.resize((payload.size() + 3) / 4 * 4);
        payload.insert(payload.begin(), header.begin(), header.end());
        send_raw(payload); // In one piece, or an honest target would look slow.
    }

    bool send_raw(drivers::wire::Bytes bytes) { // False: the initiator has gone.
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            bytes = bytes.subspan(static_cast<std::size_t>(sent));
        }
        return true;
    }

    Header scsi_response(std::uint8_t status) {
        Header out = answer(0x21, 0x80);
        drivers::wire::store_u8(out, 3, status);
        return out;
    }

    void send_sense(std::uint8_t key, std::uint8_t asc, std::uint8_t ascq) {
        std::vector<std::byte> sense(20);
        drivers::wire::store_be16(sense, 0, 18);
        drivers::wire::store_u8(sense, 2, 0x70);
        drivers::wire::store_u8(sense, 4, key);
        drivers::wire::store_u8(sense, 9, 10);
        drivers::wire::store_u8(sense, 14, asc);
        drivers::wire::store_u8(sense, 15, ascq);
        send(scsi_response(0x02), std::move(sense));
    }

    void send_data_in(std::vector<std::byte> payload) { // With good status.
        send(answer(0x25, 0x81), std::move(payload));
    }

    void accept_login(std::string_view keys = std::string_view("TargetPortalGroupTag=1\0", 23)) {
        Header out = answer(0x23, 0x87); // To the full feature phase.
        std::copy(request.begin() + 8, request.begin() + 14, out.begin() + 8);
        drivers::wire::store_be16(out, 14, 1);
        drivers::wire::store_be32(out, 20, 0);
        drivers::wire::store_be32(out, 28, drivers::wire::load_be32(request, 24));
        std::vector<std::byte> payload(keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i) {
            payload[i] = static_cast<std::byte>(keys[i]);
        }
        send(out, std::move(payload));
    }

    // What an honest disk of 128 MiB of zeroes would answer.
    void serve() {
        switch (opcode()) {
        case 0x03:
            return accept_login();
        case 0x02: // Task management: done.
            return send(answer(0x22, 0x80));
        case 0x06:
            return send(answer(0x26, 0x80));
        case 0x01:
            return serve_scsi();
        default:
            return;
        }
    }

    Header request{};
    std::vector<std::byte> data;

private:
    void serve_scsi() {
        const bool vital = (std::to_integer<unsigned>(request[33]) & 1U) != 0;
        std::vector<std::byte> out;
        switch (operation()) {
        case 0x12:
            if (!is_for_lun_0()) {
                return send_data_in(std::vector<std::byte>(36, std::byte{0x7f})); // No such LUN.
            }
            out = vital ? vital_page(std::to_integer<std::uint8_t>(request[34]))
                        : std::vector<std::byte>(36, std::byte{0x20});
            if (!vital) {
                drivers::wire::store_be64(out, 0, 0x0000060200000000ULL | 31ULL << 24U);
            }
            break;
        case 0x9e:
            out.resize(32);
            drivers::wire::store_be64(out, 0, 262143);
            drivers::wire::store_be32(out, 8, 512);
            break;
        case 0x88:
            out.resize(expected_bytes());
            break;
        case 0x8a:
            return send(scsi_response(0));
        default:
            break;
        }
        return out.empty() ? send_sense(0x05, 0x20, 0x00) : send_data_in(std::move(out));
    }

    bool is_for_lun_0() const { // By peripheral or by flat space addressing.
        return (drivers::wire::load_be16(request, 8) & 0x3fffU) == 0;
    }

    static std::vector<std::byte> vital_page(std::uint8_t page) {
        if (page != 0x80) {
            return {};
        }
        std::vector<std::byte> out(12, std::byte{'7'});
        drivers::wire::store_be32(out, 0, 0x00800008);
        return out;
    }

    bool read_all(std::span<std::byte> into) {
        while (!into.empty()) {
            const ssize_t got = recv(fd_, into.data(), into.size(), 0);
            if (got <= 0) {
                return false;
            }
            into = into.subspan(static_cast<std::size_t>(got));
        }
        return true;
    }

    int fd_;
    std::uint32_t stat_sn_ = 1;
};

// An iSCSI target on loopback that answers each request by a script. The script returns false for
// what shall be answered honestly, and ends the connection by throwing Hangup.
class ScriptedTarget {
public:
    struct Hangup {};
    using Script = std::function<bool(TargetLink&)>;

    explicit ScriptedTarget(Script script, bool accepts = true)
        : script_(std::move(script))
        , listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        bind(listener_, reinterpret_cast<sockaddr*>(&address), length);         // NOLINT
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length); // NOLINT
        port_ = ntohs(address.sin_port);
        listen(listener_, 8);
        if (accepts) {
            thread_ = std::thread([this] { run(); });
        }
    }

    ~ScriptedTarget() {
        ending_ = true;
        shutdown(listener_, SHUT_RDWR);
        shutdown(connection_, SHUT_RDWR);
        if (thread_.joinable()) {
            thread_.join();
        }
        close(listener_);
    }

    ScriptedTarget(const ScriptedTarget&) = delete;
    ScriptedTarget& operator=(const ScriptedTarget&) = delete;

    std::string url() const {
        return "iscsi://127.0.0.1:" + std::to_string(port_) + "/iqn.2001-04.org.fake:x/0";
    }
    int connections() const { return connections_; }

private:
    void run() {
        while (!ending_) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            connection_ = fd;
            ++connections_;
            if (ending_) {
                shutdown(fd, SHUT_RDWR);
            }
            TargetLink link(fd);
            try {
                while (link.receive()) {
                    if (!script_(link)) {
                        link.serve();
                    }
                }
            } catch (const Hangup&) {
            }
            connection_ = -1;
            close(fd);
        }
    }

    Script script_;
    int listener_;
    int port_ = 0;
    std::atomic<bool> ending_ = false;
    std::atomic<int> connection_ = -1;
    std::atomic<int> connections_ = 0;
    std::thread thread_;
};

} // namespace tests
