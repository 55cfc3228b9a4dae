// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/drivers/scripted_controller.h"

#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"
#include "tests/fakes/nvme_array.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace tests {

namespace nvme = drivers::wire::nvme;

void ScriptedPeer::send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) {
            return;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
}

bool ScriptedPeer::receive(std::span<std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
        if (count <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

void ScriptedPeer::hang_up() const {
    ::shutdown(socket_, SHUT_RDWR);
}

void ScriptedPeer::send_header(std::span<std::byte> header) const {
    if (spoil_header_digest) {
        header.back() ^= std::byte{1};
    }
    send(header);
}

void ScriptedPeer::answer(std::uint16_t command_id, std::uint16_t status) const {
    std::array<std::byte, nvme::header_bytes_max> header{};
    nvme::CompletionEntry entry;
    entry.command_id = command_id;
    entry.status = static_cast<std::uint16_t>(status << 1);
    send_header(std::span(header).first(writer.capsule_resp(header, entry)));
}

void ScriptedPeer::data(std::uint16_t command_id,
                        std::uint32_t offset,
                        std::span<const std::byte> bytes,
                        std::uint8_t flags) const {
    std::array<std::byte, nvme::header_bytes_max> header{};
    const auto size = static_cast<std::uint32_t>(bytes.size());
    send_header(std::span(header).first(
        writer.data(header,
                    nvme::PduType::c2h_data,
                    {.command_id = command_id, .offset = offset, .bytes = size},
                    flags)));
    send(bytes);
    if (writer.digests().data) {
        std::array<std::byte, nvme::digest_bytes> digest{};
        const std::uint32_t crc = drivers::wire::crc32c(bytes) ^ (spoil_data_digest ? 1U : 0U);
        drivers::wire::put_le(std::span<std::byte>(digest), 0, crc);
        send(digest);
    }
}

void ScriptedPeer::ask(std::uint16_t command_id, std::uint32_t offset, std::uint32_t bytes) const {
    std::array<std::byte, nvme::header_bytes_max> header{};
    send_header(std::span(header).first(writer.r2t(
        header, {.command_id = command_id, .transfer_tag = 7, .offset = offset, .bytes = bytes})));
}

ScriptedController::ScriptedController(Script script, Greeting greet)
    : script_(std::move(script))
    , greeting_(std::move(greet))
    , core_(nvme_array_settings())
    , target_(core_) {
    door_.subsystems.push_back({.nqn = nvme_array_nqn,
                                .model = "scripted",
                                .luns = {},
                                .host_secret = "",
                                .controller_secret = ""});
    drivers::array::NvmeControllerHost& connections = *this;
    controller_ = std::make_unique<drivers::array::NvmeController>(
        target_, door_, &door_.subsystems.front(), nvme::ConnectData{}, connections);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, bytes) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &bytes) != 0) {
        throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
}

ScriptedController::~ScriptedController() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::lock_guard lock(sockets_mutex_);
        for (const int socket : sockets_) {
            ::shutdown(socket, SHUT_RDWR);
        }
    }
    for (std::thread& connection : connections_) {
        connection.join();
    }
    for (const int socket : sockets_) {
        ::close(socket);
    }
    ::close(listener_);
}

void ScriptedController::accept() {
    while (!stop_) {
        const int socket = ::accept(listener_, nullptr, nullptr);
        if (socket < 0) {
            return;
        }
        const std::lock_guard lock(sockets_mutex_);
        sockets_.push_back(socket);
        connections_.emplace_back([this, socket] { serve(socket); });
    }
}

bool ScriptedController::greet(ScriptedPeer& peer) {
    std::array<std::byte, nvme::ic_bytes> pdu{};
    if (!peer.receive(pdu)) {
        return false;
    }
    const Greeting own = [this] {
        const std::lock_guard lock(mutex_);
        return greeting_;
    }();
    if (own) {
        own(peer);
        ++greeted_;
        return false;
    }
    const auto asked = nvme::get_initialize(pdu);
    nvme::put_initialize(pdu, nvme::PduType::ic_resp, {.digests = asked.digests, .limit = 65536});
    peer.send(pdu);
    peer.writer = nvme::PduWriter(asked.digests, 0);
    return true;
}

void ScriptedController::serve(int socket) {
    ScriptedPeer peer(socket);
    bool is_io = false;
    if (!greet(peer)) {
        peer.hang_up();
        return;
    }
    std::array<std::byte, nvme::common_header_bytes> first{};
    while (peer.receive(first)) {
        const auto header = nvme::read_pdu_header(first);
        std::vector<std::byte> pdu(header.pdu_bytes);
        std::copy(first.begin(), first.end(), pdu.begin());
        if (!peer.receive(std::span(pdu).subspan(first.size()))) {
            return;
        }
        if (header.type != static_cast<std::uint8_t>(nvme::PduType::capsule_cmd)) {
            continue; // H2CData or a termination: the script has had its say.
        }
        const nvme::SubmissionEntry entry = nvme::get_submission(pdu);
        if (entry.opcode == nvme::opcode_fabrics) {
            is_io = is_io || (nvme::fabrics_type(entry) == nvme::fabrics_connect &&
                              nvme::get_connect(entry).queue_id != 0);
            serve_fabrics(peer, entry);
        } else if (is_io) {
            ++peer.commands;
            script_(peer, entry);
        } else {
            serve_admin(peer, entry);
        }
    }
}

void ScriptedController::serve_fabrics(ScriptedPeer& peer, const nvme::SubmissionEntry& entry) {
    const std::lock_guard lock(mutex_);
    drivers::array::NvmeAnswer done;
    if (nvme::fabrics_type(entry) == nvme::fabrics_property_get) {
        done = controller_->property_get(entry);
    } else if (nvme::fabrics_type(entry) == nvme::fabrics_property_set) {
        done = controller_->property_set(entry);
    } else {
        done.value = 1; // Connect: the controller's identifier.
    }
    std::array<std::byte, nvme::header_bytes_max> header{};
    nvme::CompletionEntry answer;
    answer.command_id = entry.command_id;
    answer.dword0 = static_cast<std::uint32_t>(done.value);
    answer.dword1 = static_cast<std::uint32_t>(done.value >> 32);
    answer.status = static_cast<std::uint16_t>(done.status << 1);
    peer.send(std::span(header).first(peer.writer.capsule_resp(header, answer)));
}

void ScriptedController::serve_admin(ScriptedPeer& peer, const nvme::SubmissionEntry& entry) {
    const std::lock_guard lock(mutex_);
    std::vector<std::byte> out;
    const auto done = controller_->admin(entry, out);
    const auto other = admin_script_ ? admin_script_(entry, out) : std::nullopt;
    if (done.is_held && !other) {
        return;
    }
    if (!out.empty()) {
        peer.data(entry.command_id, 0, out, nvme::flag_last);
    }
    peer.answer(entry.command_id, other.value_or(done.status));
}

} // namespace tests
