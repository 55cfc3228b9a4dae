// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/nvme_controller.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace tests {

// One connection of the scripted controller, as a script sees it.
class ScriptedPeer {
public:
    explicit ScriptedPeer(int socket)
        : socket_(socket) {}

    void send(std::span<const std::byte> bytes) const; // To the end, or to the connection's.
    bool receive(std::span<std::byte> bytes) const;
    void hang_up() const;

    // Whole PDUs, with the digests that were agreed on.
    void answer(std::uint16_t command_id, std::uint16_t status = 0) const;
    void data(std::uint16_t command_id,
              std::uint32_t offset,
              std::span<const std::byte> bytes,
              std::uint8_t flags) const;
    void ask(std::uint16_t command_id, std::uint32_t offset, std::uint32_t bytes) const;

    drivers::wire::nvme::PduWriter writer;
    bool spoil_header_digest = false;
    bool spoil_data_digest = false;
    std::size_t commands = 0; // I/O commands so far, this one included.

private:
    void send_header(std::span<std::byte> header) const;

    int socket_;
};

// An NVMe/TCP controller that sets a host up as it should and then, for each I/O command, does what
// a test wants, however wrong. `greet`, if given, answers ICReq in its own way.
class ScriptedController : private drivers::array::NvmeControllerHost {
public:
    using Script = std::function<void(ScriptedPeer&, const drivers::wire::nvme::SubmissionEntry&)>;
    using Greeting = std::function<void(ScriptedPeer&)>;

    explicit ScriptedController(Script script, Greeting greet = {});
    ~ScriptedController() override;
    ScriptedController(const ScriptedController&) = delete;
    ScriptedController& operator=(const ScriptedController&) = delete;

    std::uint16_t port() const { return port_; }

    // On connections to come, after which each is closed.
    void greet_from_now_on(Greeting greet) {
        const std::lock_guard lock(mutex_);
        greeting_ = std::move(greet);
    }
    int greeted() const { return greeted_; } // In a way of one's own.

    // What becomes of the answer to an admin command: its data may be changed, and a value is its
    // status, also of one that would have been held.
    using AdminScript = std::function<std::optional<std::uint16_t>(
        const drivers::wire::nvme::SubmissionEntry&, std::vector<std::byte>&)>;
    void change_admin(AdminScript script) {
        const std::lock_guard lock(mutex_);
        admin_script_ = std::move(script);
    }

private:
    void answer_event(std::uint16_t, std::uint32_t) override {}
    void reset_queues() override {}
    bool abort(std::uint16_t, std::uint16_t) override { return false; }

    void accept();
    void serve(int socket);
    bool greet(ScriptedPeer& peer);
    void serve_fabrics(ScriptedPeer& peer, const drivers::wire::nvme::SubmissionEntry& entry);
    void serve_admin(ScriptedPeer& peer, const drivers::wire::nvme::SubmissionEntry& entry);

    Script script_;
    Greeting greeting_;
    AdminScript admin_script_;
    drivers::array::NvmePortalSettings door_;
    drivers::array::ArrayCore core_;
    drivers::array::NvmeTarget target_;
    std::unique_ptr<drivers::array::NvmeController> controller_;
    std::mutex mutex_; // The controller, asked on several connections.
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> greeted_{0};
    std::atomic<bool> stop_{false};
    std::mutex sockets_mutex_;
    std::vector<int> sockets_;
    std::vector<std::thread> connections_;
    std::thread acceptor_;
};

} // namespace tests
