// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "drivers/nvme_tcp/socket.h"
#include "drivers/wire/nvme_tcp_pdu.h"

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace drivers::nvme_tcp {

// One command as a queue sends it. The data is borrowed until the command has completed or the
// queue has been closed.
struct QueueCommand {
    wire::nvme::SubmissionEntry entry;
    std::span<std::byte> data{};
    bool to_controller = false; // The data is sent, else it is received.
    std::uint64_t tag = 0;
};

struct QueueCompletion {
    std::uint64_t tag = 0;
    wire::nvme::CompletionEntry entry;
};

// One NVMe queue on one TCP connection: commands out, completions in, data sent from and received
// into the caller's memory. Trusts nothing that the controller says: what breaks a rule of the
// transport breaks the queue, with a sentence that says what it was.
class Queue {
public:
    // `entries` = queue size, 2 .. 1024.
    Queue(Descriptor socket, std::uint16_t entries, wire::nvme::Digests digests);
    // Exchanges ICReq and ICResp. Throws ArrayError, ProtocolError for an answer that no controller
    // may give, SecurityError for a digest that is not granted.
    void initialize(Clock& clock, TimePoint deadline);

    // Largest data that goes with the command (bytes); more waits for an R2T.
    void set_in_capsule_bytes(std::uint32_t bytes) noexcept { in_capsule_bytes_ = bytes; }

    // No value: full or broken, nothing was taken. Else the command's identifier.
    std::optional<std::uint16_t> submit(const QueueCommand& command) noexcept;
    // Sends what waits, receives what is there; never waits.
    std::size_t poll(std::span<QueueCompletion> out) noexcept;
    // For set-up: one command, waited for. Throws ArrayError if the queue breaks or time runs out,
    // ProtocolError if the controller broke the protocol.
    wire::nvme::CompletionEntry
    execute(const QueueCommand& command, Clock& clock, TimePoint deadline);

    bool is_broken() const noexcept { return broken_; }
    // The controller did what no controller may do: fault() says what. Bytes that a header digest
    // shows to be damaged are no deed of its own.
    bool broke_protocol() const noexcept { return broke_protocol_; }
    const std::string& fault() const noexcept { return fault_; }
    bool has_unsent() const noexcept { return send_count_ > 0; }
    bool is_blocked() const noexcept { return blocked_; } // Unsent, and the socket is full.
    std::size_t in_flight() const noexcept { return in_flight_; }
    int descriptor() const noexcept { return socket_.number(); }
    const wire::nvme::Digests& digests() const noexcept { return writer_.digests(); }
    std::uint32_t data_bytes_max() const noexcept { return data_bytes_max_; }

    // Closes the connection: from here on no buffer is touched.
    void close() noexcept;

private:
    struct Slot {
        std::uint64_t tag = 0;
        std::span<std::byte> data{};
        wire::nvme::CompletionEntry answer;
        std::uint32_t moved = 0;      // Bytes of data that have gone over the wire.
        std::uint32_t asked_end = 0;  // Up to where an R2T has asked.
        std::uint32_t part_bytes = 0; // Data of the PDU being sent.
        std::uint16_t command_id = 0;
        std::uint16_t transfer_tag = 0;
        std::uint16_t header_bytes = 0;
        bool busy = false;
        bool to_controller = false;
        bool sending = false;
        bool answered = false; // With an error, while still sending.
        bool digest_failed = false;
        std::array<std::byte, 256 + 4> header{}; // Aligned data offsets are at most 255.
        std::array<std::byte, wire::nvme::digest_bytes> digest{};
    };

    struct Payload { // Data being received.
        std::byte* to = nullptr;
        std::uint32_t left = 0;
        std::uint32_t bytes = 0;
        std::uint16_t slot = 0;
        bool active = false;
        bool digest = false;
        bool success = false;
        bool last = false;
    };

    // Sending.
    void send_waiting() noexcept;
    std::size_t gather(std::span<iovec> parts) noexcept;
    void sent(std::size_t bytes) noexcept;
    void part_sent(std::uint16_t index) noexcept;
    void prepare_data(std::uint16_t index) noexcept;
    void enqueue(std::uint16_t index) noexcept;
    std::size_t part_bytes(const Slot& slot) const noexcept;

    // Receiving.
    bool receive() noexcept;
    void parse() noexcept;
    bool parse_payload() noexcept;
    bool parse_header() noexcept;
    void handle(wire::nvme::PduType type,
                std::uint8_t flags,
                const wire::nvme::PduLayout& layout,
                std::span<const std::byte> header) noexcept;
    void on_response(std::span<const std::byte> header) noexcept;
    void on_data(std::uint8_t flags,
                 const wire::nvme::PduLayout& layout,
                 std::span<const std::byte> header) noexcept;
    void on_ready_to_transfer(std::span<const std::byte> header) noexcept;
    void payload_received() noexcept;
    void complete(std::uint16_t index, const wire::nvme::CompletionEntry& entry) noexcept;
    Slot* find(std::uint16_t command_id) noexcept;
    std::span<const std::byte> received() const noexcept {
        return std::span(receive_buffer_).subspan(receive_begin_, receive_end_ - receive_begin_);
    }

    void break_with(wire::nvme::FatalError error, std::string sentence) noexcept;

    Descriptor socket_;
    wire::nvme::Digests wanted_;
    wire::nvme::PduWriter writer_;
    std::uint32_t in_capsule_bytes_ = 8192; // Admin and Fabrics commands (Transport 3.3.2.2).
    std::uint32_t data_bytes_max_ = 0;      // MAXH2CDATA.
    std::string fault_;
    bool broken_ = false;
    bool broke_protocol_ = false;
    bool blocked_ = false;

    std::vector<Slot> slots_;
    std::vector<std::uint16_t> free_;
    std::size_t in_flight_ = 0;

    std::vector<std::uint16_t> send_ring_;
    std::size_t send_head_ = 0;
    std::size_t send_count_ = 0;
    std::size_t send_done_ = 0; // Bytes of the first part that are gone already.

    std::vector<std::byte> receive_buffer_;
    std::size_t receive_begin_ = 0;
    std::size_t receive_end_ = 0;
    Payload payload_;

    std::vector<QueueCompletion> ready_ring_;
    std::size_t ready_head_ = 0;
    std::size_t ready_count_ = 0;
};

} // namespace drivers::nvme_tcp
