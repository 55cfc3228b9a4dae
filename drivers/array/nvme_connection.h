// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/array/due_timer.h"
#include "drivers/array/nvme_authenticator.h"
#include "drivers/array/nvme_controller.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace drivers::array {

class NvmeConnection;

// What a connection needs of the door it came through.
class NvmeDoor {
public:
    virtual ~NvmeDoor() = default;
    virtual NvmeTarget& target() noexcept = 0;
    virtual Clock& clock() noexcept = 0;
    virtual const NvmePortalSettings& settings() const noexcept = 0;
    virtual NvmeConnection* find_queue(std::uint16_t controller, std::uint16_t queue) noexcept = 0;
    virtual void close_queues(std::uint16_t controller) noexcept = 0; // Its I/O queues.
    virtual void finished(NvmeConnection& connection) noexcept = 0; // May be destroyed, but later.
};

// One TCP connection of the emulated array: one queue of one controller. Whatever the host sends,
// it costs no more than this connection.
class NvmeConnection final : public NvmeControllerHost {
public:
    NvmeConnection(NvmeDoor& door, boost::asio::ip::tcp::socket socket);
    ~NvmeConnection() override;

    void start();
    void close() noexcept;
    bool is_finished() const noexcept { return closed_ && pending_ == 0; }
    bool serves(std::uint16_t controller) const noexcept { return controller_id_ == controller; }
    std::uint16_t queue_id() const noexcept { return queue_id_; }
    bool is_open() const noexcept { return connected_ && !closed_; }

    void stall_until(TimePoint until);
    void ana_changed();
    void lun_changed(std::uint16_t lun);
    bool abort_command(std::uint16_t command_id);

    // NvmeControllerHost, of an admin queue.
    void answer_event(std::uint16_t command_id, std::uint32_t dword0) override;
    void reset_queues() override;
    bool abort(std::uint16_t queue_id, std::uint16_t command_id) override;

private:
    enum class Stage : std::uint8_t { free, receiving, waiting, held, answering };

    struct Command {
        wire::nvme::SubmissionEntry entry;
        std::unique_ptr<std::byte[]> buffer;
        std::size_t capacity = 0;
        std::uint32_t bytes = 0; // Of data, either way.
        std::uint32_t moved = 0; // Received so far.
        bool asked = false;      // R2T is out.
        bool digest_failed = false;
        bool timed = false; // Its lateness counts.
        Stage stage = Stage::free;
        std::uint16_t early_status = 0; // Found before its data came.
        TimePoint arrived{};
        TimePoint ready{};
        wire::nvme::CompletionEntry answer;
        std::uint32_t answer_bytes = 0; // Of data to the host.
        std::array<std::byte, 160> header{};
        std::array<std::byte, 32> response{};
        std::array<std::byte, 4> digest{};
        std::span<std::byte> data() noexcept { return {buffer.get(), bytes}; }
    };

    struct Out { // One or two PDUs that go out together.
        std::array<iovec, 4> parts{};
        std::size_t count = 0;
        std::size_t bytes = 0;
        std::uint16_t command = no_command;
    };
    static constexpr std::uint16_t no_command = 0xFFFF;

    // Receiving.
    void wait_readable();
    void on_readable();
    bool receive();
    void parse();
    bool parse_initialize(std::span<const std::byte> bytes);
    bool parse_header();
    bool parse_payload();
    void on_capsule(std::span<const std::byte> header, const wire::nvme::PduLayout& layout);
    void on_data(std::span<const std::byte> header, const wire::nvme::PduLayout& layout);
    void data_received(std::uint16_t index);
    std::span<const std::byte> received() const noexcept;
    void violated(wire::nvme::FatalError error, std::span<const std::byte> header);

    // Commands.
    void execute(std::uint16_t index);
    void execute_fabrics(std::uint16_t index);
    void execute_connect(std::uint16_t index);
    std::uint32_t find_controller(const wire::nvme::Connect& connect,
                                  const wire::nvme::ConnectData& data);
    std::uint32_t unsuitable_at(const wire::nvme::Connect& connect,
                                const wire::nvme::ConnectData& data) const;
    void execute_authentication(std::uint16_t index);
    bool must_authenticate() const noexcept {
        return authenticator_ != nullptr && !authenticator_->is_done();
    }
    void execute_admin(std::uint16_t index);
    void execute_blocks(std::uint16_t index);
    void execute_deallocate(std::uint16_t index, MediumCommand wanted);
    std::uint16_t check_length(const Command& command) const noexcept;
    void run_medium(std::uint16_t index, const MediumCommand& wanted);
    bool set_entries(std::uint16_t entries);
    void answer(std::uint16_t index, std::uint16_t status, std::uint64_t value = 0);
    void answer_with(std::uint16_t index, std::span<const std::byte> data);
    void answer_at(std::uint16_t index, TimePoint ready);
    void reserve(Command& command, std::size_t bytes);
    void release(std::uint16_t index) noexcept;
    void restart_keep_alive();

    // Sending.
    void enqueue_answer(std::uint16_t index);
    void enqueue_r2t(std::uint16_t index);
    void grant_r2t();
    void push(const Out& out);
    void send_ready();
    void flush();
    void sent(std::size_t bytes);
    void arm_ready_timer();
    void arm_send_timer();

    NvmeDoor& door_;
    boost::asio::ip::tcp::socket socket_;
    DueTimer ready_timer_;
    boost::asio::steady_timer send_timer_;
    boost::asio::steady_timer life_timer_; // Set-up first, keep-alive after.
    std::size_t pending_ = 0;
    bool closed_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool parsing_ = false;

    bool initialized_ = false;
    bool connected_ = false;
    bool flow_control_ = true;
    wire::nvme::PduWriter writer_;
    std::uint16_t queue_id_ = 0;
    std::uint16_t controller_id_ = 0;
    std::uint16_t sq_entries_ = 2;
    std::uint16_t sq_head_ = 0;
    std::unique_ptr<NvmeController> own_controller_; // Of an admin queue.
    NvmeController* controller_ = nullptr;           // Checked against the registry before use.

    std::unique_ptr<NvmeAuthenticator> authenticator_; // Null: nothing to prove.

    std::vector<Command> commands_;
    std::vector<std::uint16_t> free_;
    std::vector<std::uint16_t> wants_r2t_;
    std::size_t granted_bytes_ = 0; // Write data that R2Ts have asked for.
    std::size_t output_bytes_ = 0;  // Read data that waits to be sent.

    std::vector<std::byte> receive_buffer_;
    std::size_t receive_begin_ = 0;
    std::size_t receive_end_ = 0;
    std::uint16_t payload_command_ = no_command;
    std::byte* payload_to_ = nullptr;
    std::uint32_t payload_left_ = 0;
    std::uint32_t payload_bytes_ = 0;
    bool payload_digest_ = false;
    TimePoint now_{};

    std::vector<BlockRange> ranges_; // Of the deallocation being executed.
    using Due = std::pair<TimePoint, std::uint16_t>;
    std::vector<Due> due_; // Heap, the earliest first.
    std::vector<Out> out_; // Ring.
    std::size_t out_head_ = 0;
    std::size_t out_count_ = 0;
    std::size_t out_done_ = 0;
    TimePoint silent_until_{};
    TimePoint last_keep_alive_{};
};

} // namespace drivers::array
