// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/monotonic_clock.h"
#include "drivers/array/iscsi_portal.h"
#include "drivers/wire/crc32c.h"
#include "drivers/wire/iscsi_pdu.h"
#include "drivers/wire/iscsi_text.h"
#include "drivers/wire/scsi_cdb.h"
#include "drivers/wire/scsi_sense.h"

#include <boost/asio/io_context.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

namespace tests {

using drivers::wire::Bytes;
using drivers::wire::iscsi::BasicHeader;
using drivers::wire::iscsi::Opcode;
using drivers::wire::iscsi::Word;
namespace flag = drivers::wire::iscsi::flag;

inline drivers::array::ArraySettings small_array() {
    drivers::array::ArraySettings settings;
    drivers::array::VolumeSettings volume;
    volume.name = "lun0";
    volume.identity = {"ARRBENCH", "TEST", "0001", "T0", "62f0a1b2c3d4e5f60000000000000001"};
    volume.block_count = 131072; // 64 MiB
    settings.volumes.push_back(volume);
    return settings;
}

// A portal on loopback, run by whoever waits for its answers.
struct PortalOnLoopback {
    explicit PortalOnLoopback(const drivers::array::ArraySettings& array = small_array())
        : core(array)
        , node(core)
        , portal(context, node, clock, settings()) {}

    static drivers::array::PortalSettings settings() {
        drivers::array::PortalSettings settings;
        settings.name = "iqn.2026-01.test:array";
        return settings;
    }
    std::uint16_t port() const {
        const std::string address = portal.address();
        return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
    }

    boost::asio::io_context context{1};
    drivers::MonotonicClock clock;
    drivers::array::ArrayCore core;
    drivers::array::IscsiNode node;
    drivers::array::IscsiPortal portal;
};

struct Pdu {
    BasicHeader header;
    std::vector<std::byte> data;

    std::optional<drivers::wire::scsi::Sense> sense() const {
        return data.size() > 2 ? drivers::wire::scsi::parse_sense(Bytes(data).subspan(2))
                               : std::nullopt;
    }
};

// An initiator that says whatever a test wants said, right or wrong.
class RawInitiator {
public:
    explicit RawInitiator(PortalOnLoopback& portal)
        : portal_(portal)
        , socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(portal.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error("cannot connect to the portal");
        }
    }
    ~RawInitiator() { ::close(socket_); }
    RawInitiator(const RawInitiator&) = delete;
    RawInitiator& operator=(const RawInitiator&) = delete;

    void send(Bytes bytes) {
        while (!bytes.empty()) {
            const ssize_t sent =
                ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (sent > 0) {
                bytes = bytes.subspan(static_cast<std::size_t>(sent));
            } else if (errno != EAGAIN) {
                return; // The portal has closed: what comes next will tell.
            }
            portal_.context.poll();
        }
    }

    void send(BasicHeader header, Bytes data = {}) {
        header.set_data_bytes(data.size());
        std::vector<std::byte> out(header.bytes.begin(), header.bytes.end());
        if (digests_) {
            append(out, drivers::wire::crc32c_wire_bytes(drivers::wire::crc32c(header.bytes)));
        }
        std::vector<std::byte> padded(data.begin(), data.end());
        padded.resize(data.size() + drivers::wire::iscsi::padding_for(data.size()));
        out.insert(out.end(), padded.begin(), padded.end());
        if (digests_ && !data.empty()) {
            append(out, drivers::wire::crc32c_wire_bytes(drivers::wire::crc32c(padded)));
        }
        send(out);
    }

    // The next PDU, or nothing if the portal has closed the connection.
    std::optional<Pdu> receive() {
        for (int turns = 0; turns < 200000; ++turns) {
            if (auto pdu = take_pdu()) {
                return pdu;
            }
            portal_.context.poll();
            std::vector<std::byte> chunk(65536);
            const ssize_t got = ::recv(socket_, chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (got == 0 || (got < 0 && errno != EAGAIN)) {
                return take_pdu();
            }
            if (got > 0) {
                received_.insert(received_.end(), chunk.begin(), chunk.begin() + got);
            }
        }
        throw std::runtime_error("the portal neither answers nor closes");
    }
    bool is_closed() { return !receive(); }
    bool is_silent() { // Nothing comes for many turns, and the connection stands.
        for (int turns = 0; turns < 200; ++turns) {
            portal_.context.poll();
        }
        std::byte byte{};
        return received_.empty() && ::recv(socket_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0;
    }

    std::optional<Pdu> login(const std::string& keys = {}, std::uint64_t isid = 1) {
        BasicHeader request = drivers::wire::iscsi::make_header(Opcode::login_request, 0x87, 0x10);
        request.set_byte(0, 0x43);
        drivers::wire::store_be<6>(request.bytes, 8, isid);
        request.set(Word::cmd_sn, cmd_sn);
        std::string text;
        drivers::wire::iscsi::append_text(text, "InitiatorName", "iqn.2026-01.test:host");
        drivers::wire::iscsi::append_text(text, "TargetName", "iqn.2026-01.test:array");
        text += keys;
        send(request, std::as_bytes(std::span(text)));
        return receive();
    }
    void use_digests() { digests_ = true; }

    BasicHeader command(std::uint8_t flags, std::uint32_t expected_bytes, Bytes cdb) {
        BasicHeader header = drivers::wire::iscsi::make_header(
            Opcode::scsi_command, static_cast<std::uint8_t>(flags), ++task_tag);
        header.set(Word::expected_transfer_bytes, expected_bytes);
        header.set(Word::cmd_sn, cmd_sn++);
        std::copy(cdb.begin(), cdb.end(), header.bytes.begin() + 32);
        return header;
    }
    // After a login every unit owes its attention once.
    void clear_attention() {
        const std::array<std::byte, 6> ready{};
        send(command(flag::final, 0, ready));
        receive();
    }

    std::uint32_t cmd_sn = 1;
    std::uint32_t task_tag = 0x100;

private:
    static void append(std::vector<std::byte>& out, const std::array<std::byte, 4>& digest) {
        out.insert(out.end(), digest.begin(), digest.end());
    }
    std::optional<Pdu> take_pdu() {
        if (received_.size() < drivers::wire::iscsi::header_bytes) {
            return std::nullopt;
        }
        Pdu pdu;
        std::copy_n(received_.begin(), pdu.header.bytes.size(), pdu.header.bytes.begin());
        const auto extent = extent_of(pdu.header, {digests_, digests_});
        if (received_.size() < extent.total()) {
            return std::nullopt;
        }
        const auto data = received_.begin() + static_cast<std::ptrdiff_t>(extent.head());
        pdu.data.assign(data, data + static_cast<std::ptrdiff_t>(extent.data));
        received_.erase(received_.begin(),
                        received_.begin() + static_cast<std::ptrdiff_t>(extent.total()));
        return pdu;
    }

    PortalOnLoopback& portal_;
    int socket_;
    bool digests_ = false;
    std::vector<std::byte> received_;
};

} // namespace tests
