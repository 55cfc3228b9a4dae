// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/queue.h"

#include "drivers/api/errors.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t receive_buffer_bytes = 64U << 10U;
constexpr std::size_t entries_max = 1024;
constexpr std::uint16_t slot_mask = entries_max - 1; // Identifier: slot, generation above it.
constexpr std::uint16_t generation_step = entries_max;

void send_all(int socket, std::span<const std::byte> bytes, Clock& clock, TimePoint deadline) {
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN || !wait_ready(socket, POLLOUT, clock, deadline)) {
            throw ArrayError("NVMe/TCP: the connection ended while it was initialized");
        }
    }
}

void receive_all(int socket, std::span<std::byte> bytes, Clock& clock, TimePoint deadline) {
    while (!bytes.empty()) {
        const ssize_t count = ::recv(socket, bytes.data(), bytes.size(), 0);
        if (count > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        } else if (count == 0 || errno != EAGAIN) {
            throw ArrayError("NVMe/TCP: the controller closed the connection instead of "
                             "answering ICReq");
        } else if (!wait_ready(socket, POLLIN, clock, deadline)) {
            throw ArrayError("NVMe/TCP: no ICResp in time");
        }
    }
}

} // namespace

Queue::Queue(Descriptor socket, std::uint16_t entries, nvme::Digests digests)
    : socket_(std::move(socket))
    , wanted_(digests)
    , slots_(entries)
    , send_ring_(entries)
    , receive_buffer_(receive_buffer_bytes)
    , ready_ring_(entries) {
    assert(entries >= 2 && entries <= entries_max);
    for (std::uint16_t i = 0; i < entries; ++i) {
        slots_[i].command_id = i;
    }
    for (std::uint16_t i = static_cast<std::uint16_t>(entries - 1); i > 0; --i) {
        free_.push_back(static_cast<std::uint16_t>(i - 1)); // A queue of n holds n - 1 commands.
    }
}

void Queue::initialize(Clock& clock, TimePoint deadline) {
    std::array<std::byte, nvme::ic_bytes> pdu{};
    nvme::put_initialize(pdu, nvme::PduType::ic_req, {.digests = wanted_});
    send_all(socket_.number(), pdu, clock, deadline);
    const auto first = std::span(pdu).first<nvme::common_header_bytes>();
    receive_all(socket_.number(), first, clock, deadline);
    const nvme::PduHeader header = nvme::read_pdu_header(first);
    if (header.type != static_cast<std::uint8_t>(nvme::PduType::ic_resp) ||
        !nvme::check_pdu_header(header, {})) {
        constexpr auto refusal = static_cast<std::uint8_t>(nvme::PduType::c2h_term_req);
        if (header.type == refusal) {
            throw ArrayError("NVMe/TCP: the controller refuses the connection (C2HTermReq)");
        }
        throw ProtocolError(
            fmt::format("NVMe/TCP: the answer to ICReq is no ICResp (PDU type {:#04x}, "
                        "{} bytes)",
                        header.type,
                        header.pdu_bytes));
    }
    receive_all(socket_.number(), std::span(pdu).subspan(first.size()), clock, deadline);
    const nvme::InitializeConnection answer = nvme::get_initialize(pdu);
    constexpr std::uint32_t data_bytes_min = 4096;
    constexpr std::uint8_t alignment_max = 31;
    if (answer.format_version != 0 || answer.data_alignment > alignment_max ||
        answer.limit < data_bytes_min || answer.limit % 4 != 0) {
        throw ProtocolError(fmt::format("NVMe/TCP: ICResp with format version {}, alignment {} and "
                                        "MAXH2CDATA {}; wanted 0, at most 31, at least 4096",
                                        answer.format_version,
                                        answer.data_alignment,
                                        answer.limit));
    }
    if ((answer.digests.header && !wanted_.header) || (answer.digests.data && !wanted_.data)) {
        throw ProtocolError("NVMe/TCP: the controller switches on a digest that was not asked for");
    }
    if (answer.digests.header != wanted_.header || answer.digests.data != wanted_.data) {
        throw SecurityError(
            fmt::format("NVMe/TCP: asked for {} digest, and the controller does not "
                        "grant it",
                        answer.digests.header == wanted_.header ? "a data" : "a header"));
    }
    data_bytes_max_ = answer.limit;
    writer_ = nvme::PduWriter(answer.digests, answer.data_alignment);
}

std::optional<std::uint16_t> Queue::submit(const QueueCommand& command) noexcept {
    if (broken_ || free_.empty()) {
        return std::nullopt;
    }
    const std::uint16_t index = free_.back();
    free_.pop_back();
    ++in_flight_;
    Slot& slot = slots_[index];
    slot.command_id = static_cast<std::uint16_t>(slot.command_id + generation_step);
    slot.tag = command.tag;
    slot.data = command.data;
    slot.to_controller = command.to_controller;
    slot.moved = 0;
    slot.asked_end = 0;
    slot.busy = true;
    slot.answered = false;
    slot.digest_failed = false;

    nvme::SubmissionEntry entry = command.entry;
    entry.command_id = slot.command_id;
    entry.sgl_bytes = static_cast<std::uint32_t>(command.data.size());
    entry.sgl_type = nvme::sgl_transport;
    slot.part_bytes = 0;
    if (command.to_controller && !command.data.empty() &&
        command.data.size() <= in_capsule_bytes_) {
        entry.sgl_type = nvme::sgl_in_capsule;
        slot.part_bytes = entry.sgl_bytes;
    }
    slot.header_bytes =
        static_cast<std::uint16_t>(writer_.capsule_cmd(slot.header, entry, slot.part_bytes));
    enqueue(index);
    return slot.command_id;
}

std::size_t Queue::poll(std::span<QueueCompletion> out) noexcept {
    if (!broken_ && send_count_ > 0) {
        send_waiting();
    }
    if (!broken_ && ready_count_ < out.size()) {
        while (receive() && ready_count_ < out.size()) {
        }
        if (!broken_ && send_count_ > 0) {
            send_waiting(); // Data that R2Ts have asked for.
        }
    }
    const std::size_t count = std::min(out.size(), ready_count_);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = ready_ring_[ready_head_];
        ready_head_ = ready_head_ + 1 == ready_ring_.size() ? 0 : ready_head_ + 1;
    }
    ready_count_ -= count;
    return count;
}

nvme::CompletionEntry
Queue::execute(const QueueCommand& command, Clock& clock, TimePoint deadline) {
    if (!submit(command) && !broken_) {
        throw ArrayError("NVMe/TCP: the queue is full");
    }
    QueueCompletion done;
    while (poll(std::span(&done, 1)) == 0) {
        if (broke_protocol_) {
            throw ProtocolError("NVMe/TCP: the controller broke the protocol: " + fault_);
        }
        if (broken_) {
            throw ArrayError("NVMe/TCP: " + fault_);
        }
        const short events = has_unsent() ? POLLIN | POLLOUT : POLLIN;
        if (!wait_ready(socket_.number(), events, clock, deadline)) {
            break_with(nvme::FatalError::none,
                       fmt::format("no answer to the command with opcode {:#04x} in time",
                                   command.entry.opcode));
        }
    }
    return done.entry;
}

void Queue::complete(std::uint16_t index, const nvme::CompletionEntry& entry) noexcept {
    Slot& slot = slots_[index];
    nvme::CompletionEntry answer = entry;
    if (slot.digest_failed) {
        answer.status =
            nvme::status_transport_error << 1 | nvme::do_not_retry_bit; // Said, not hidden.
    }
    std::size_t at = ready_head_ + ready_count_;
    at = at >= ready_ring_.size() ? at - ready_ring_.size() : at;
    ready_ring_[at] = {.tag = slot.tag, .entry = answer};
    ++ready_count_;
    slot.busy = false;
    slot.data = {};
    free_.push_back(index);
    --in_flight_;
}

Queue::Slot* Queue::find(std::uint16_t command_id) noexcept {
    const std::uint16_t index = command_id & slot_mask;
    if (index >= slots_.size()) {
        return nullptr;
    }
    Slot& slot = slots_[index];
    return slot.busy && slot.command_id == command_id ? &slot : nullptr;
}

void Queue::break_with(nvme::FatalError error, std::string sentence) noexcept {
    if (broken_) {
        return;
    }
    broken_ = true;
    broke_protocol_ =
        error != nvme::FatalError::none && error != nvme::FatalError::header_digest_error;
    fault_ = std::move(sentence);
    const bool between_pdus = send_done_ == 0;
    if (error != nvme::FatalError::none && between_pdus) {
        std::array<std::byte, nvme::term_header_bytes + nvme::term_data_bytes_max> pdu{};
        const std::size_t bytes =
            nvme::PduWriter::termination(pdu, nvme::PduType::h2c_term_req, {.error = error}, {});
        (void)::send(socket_.number(), pdu.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    close();
}

void Queue::close() noexcept {
    broken_ = true;
    payload_ = {};
    socket_.close();
}

} // namespace drivers::nvme_tcp
