// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/queue.h"
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <system_error>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

// Beside the rest of a payload no more than this is received ahead: large enough that a header
// comes along, small enough that most data goes straight into the request's buffer.
constexpr std::size_t ahead_bytes = 16U << 10U;

// Of a header that is unsound where headers carry digests: was it sent like that, or damaged?
bool was_damaged(const nvme::PduHeader& header, std::span<const std::byte> bytes) noexcept {
    const std::size_t whole = header.header_bytes + nvme::digest_bytes;
    return header.header_bytes < nvme::common_header_bytes || bytes.size() < whole ||
           !nvme::header_digest_fits(bytes.first(whole));
}

} // namespace

// True if there may be more to receive at once.
bool Queue::receive() noexcept {
    if (broken_) {
        return false;
    }
    if (receive_begin_ == receive_end_) {
        receive_begin_ = receive_end_ = 0;
    } else if (receive_begin_ > receive_buffer_.size() / 2) {
        const auto rest = received();
        std::memmove(receive_buffer_.data(), rest.data(), rest.size());
        receive_end_ = rest.size();
        receive_begin_ = 0;
    }
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    std::size_t wanted = receive_buffer_.size() - receive_end_;
    if (payload_.left > 0) { // The buffer is empty then: what it held has been copied.
        parts[count++] = {.iov_base = payload_.to, .iov_len = payload_.left};
        wanted = std::min(wanted, ahead_bytes);
    }
    parts[count++] = {.iov_base = receive_buffer_.data() + receive_end_, .iov_len = wanted};
    const std::size_t asked = payload_.left + wanted;
    const ssize_t got = ::readv(socket_.number(), parts.data(), static_cast<int>(count));
    if (got <= 0) {
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        break_with(nvme::FatalError::none,
                   got == 0 ? "the controller closed the connection"
                            : "cannot receive: " + std::generic_category().message(errno));
        return false;
    }
    auto bytes = static_cast<std::size_t>(got);
    const std::size_t in_place = std::min<std::size_t>(bytes, payload_.left);
    payload_.to += in_place;
    payload_.left -= static_cast<std::uint32_t>(in_place);
    receive_end_ += bytes - in_place;
    parse();
    return bytes == asked;
}

void Queue::parse() noexcept {
    while (!broken_ && (payload_.active ? parse_payload() : parse_header())) {
    }
}

// True: went on; false: more bytes are needed.
bool Queue::parse_payload() noexcept {
    const std::size_t take = std::min<std::size_t>(payload_.left, receive_end_ - receive_begin_);
    if (take > 0) {
        std::memcpy(payload_.to, receive_buffer_.data() + receive_begin_, take);
        payload_.to += take;
        payload_.left -= static_cast<std::uint32_t>(take);
        receive_begin_ += take;
    }
    if (payload_.left > 0) {
        return false;
    }
    if (payload_.digest) {
        const auto bytes = received();
        if (bytes.size() < nvme::digest_bytes) {
            return false;
        }
        const std::span<const std::byte> covered(payload_.to - payload_.bytes, payload_.bytes);
        if (wire::get_le<std::uint32_t>(bytes, 0) != wire::crc32c(covered)) {
            slots_[payload_.slot].digest_failed = true;
        }
        receive_begin_ += nvme::digest_bytes;
    }
    payload_received();
    return true;
}

bool Queue::parse_header() noexcept {
    const auto bytes = received();
    if (bytes.size() < nvme::common_header_bytes) {
        return false;
    }
    const nvme::PduHeader header = nvme::read_pdu_header(bytes.first<nvme::common_header_bytes>());
    const auto layout = nvme::check_pdu_header(header, writer_.digests());
    if (!layout) {
        const bool is_damaged = writer_.digests().header && was_damaged(header, bytes);
        break_with(is_damaged ? nvme::FatalError::header_digest_error
                              : nvme::FatalError::invalid_header_field,
                   fmt::format("PDU with an unsound header: type {:#04x}, flags {:#04x}, header {} "
                               "bytes, data at {}, {} bytes in all",
                               header.type,
                               header.flags,
                               header.header_bytes,
                               header.data_offset,
                               header.pdu_bytes));
        return false;
    }
    const auto type = static_cast<nvme::PduType>(header.type);
    const bool is_term = type == nvme::PduType::c2h_term_req;
    const std::size_t wanted = is_term ? header.pdu_bytes : layout->data_offset;
    if (bytes.size() < wanted) {
        return false;
    }
    if (layout->header_digest && !nvme::header_digest_fits(bytes.first(layout->header_bytes))) {
        break_with(nvme::FatalError::header_digest_error, "a PDU's header digest does not fit");
        return false;
    }
    receive_begin_ += wanted;
    handle(type, header.flags, *layout, bytes.first(wanted));
    return true;
}

void Queue::handle(nvme::PduType type,
                   std::uint8_t flags,
                   const nvme::PduLayout& layout,
                   std::span<const std::byte> header) noexcept {
    switch (type) {
    case nvme::PduType::capsule_resp:
        on_response(header);
        return;
    case nvme::PduType::c2h_data:
        on_data(flags, layout, header);
        return;
    case nvme::PduType::r2t:
        on_ready_to_transfer(header);
        return;
    case nvme::PduType::c2h_term_req: {
        const nvme::Termination end = nvme::get_termination(header);
        break_with(nvme::FatalError::none,
                   fmt::format("the controller ends the connection: {} (byte {})",
                               nvme::fatal_error_text(end.error),
                               end.information));
        return;
    }
    default:
        break_with(nvme::FatalError::sequence_error,
                   fmt::format("PDU of type {:#04x}, which a controller never sends here",
                               static_cast<unsigned>(type)));
    }
}

void Queue::on_response(std::span<const std::byte> header) noexcept {
    const nvme::CompletionEntry entry = nvme::get_completion(header);
    Slot* slot = find(entry.command_id);
    if (slot == nullptr || slot->answered) {
        break_with(nvme::FatalError::sequence_error,
                   fmt::format("completion of command {:#06x}, which is not outstanding",
                               entry.command_id));
        return;
    }
    const std::uint16_t index = static_cast<std::uint16_t>(slot - slots_.data());
    if (entry.is_good() && (slot->sending || slot->moved < slot->data.size())) {
        break_with(nvme::FatalError::sequence_error,
                   fmt::format("command {:#06x} completed as good after {} of {} bytes",
                               entry.command_id,
                               slot->moved,
                               slot->data.size()));
        return;
    }
    if (slot->sending) { // A PDU begun is a PDU finished; then the buffer is free.
        slot->answered = true;
        slot->answer = entry;
        return;
    }
    complete(index, entry);
}

void Queue::on_data(std::uint8_t flags,
                    const nvme::PduLayout& layout,
                    std::span<const std::byte> header) noexcept {
    const nvme::DataTransfer transfer = nvme::get_transfer(header);
    Slot* slot = find(transfer.command_id);
    const bool last = (flags & nvme::flag_last) != 0;
    const bool success = (flags & nvme::flag_success) != 0;
    if (slot == nullptr || slot->to_controller || slot->sending) {
        break_with(
            nvme::FatalError::sequence_error,
            fmt::format("data for command {:#06x}, which has asked for none", transfer.command_id));
        return;
    }
    const bool fits = transfer.offset == slot->moved && transfer.bytes == layout.data_bytes &&
                      transfer.bytes > 0 && transfer.bytes <= slot->data.size() - slot->moved;
    if (!fits || (success && !last)) {
        break_with(
            nvme::FatalError::data_out_of_range,
            fmt::format("{} bytes of data (the PDU holds {}) at {} for command {:#06x}, which "
                        "has {} of {}",
                        transfer.bytes,
                        layout.data_bytes,
                        transfer.offset,
                        transfer.command_id,
                        slot->moved,
                        slot->data.size()));
        return;
    }
    payload_ = {.to = slot->data.data() + slot->moved,
                .left = transfer.bytes,
                .bytes = transfer.bytes,
                .slot = static_cast<std::uint16_t>(slot - slots_.data()),
                .active = true,
                .digest = layout.data_digest,
                .success = success,
                .last = last};
}

void Queue::payload_received() noexcept {
    Slot& slot = slots_[payload_.slot];
    slot.moved += payload_.bytes;
    const bool success = payload_.success;
    const std::uint16_t index = payload_.slot;
    payload_ = {};
    if (!success) {
        return;
    }
    if (slot.moved < slot.data.size()) {
        break_with(nvme::FatalError::sequence_error,
                   fmt::format("command {:#06x} completed as good after {} of {} bytes",
                               slot.command_id,
                               slot.moved,
                               slot.data.size()));
        return;
    }
    complete(index, {.command_id = slot.command_id});
}

void Queue::on_ready_to_transfer(std::span<const std::byte> header) noexcept {
    const nvme::DataTransfer asked = nvme::get_transfer(header);
    Slot* slot = find(asked.command_id);
    const bool sound = slot != nullptr && slot->to_controller && !slot->sending &&
                       !slot->answered && asked.offset == slot->moved && asked.bytes > 0 &&
                       asked.bytes <= slot->data.size() - slot->moved;
    if (!sound) {
        break_with(nvme::FatalError::data_out_of_range,
                   fmt::format("R2T for {} bytes at {} of command {:#06x}, which has no such bytes "
                               "to send",
                               asked.bytes,
                               asked.offset,
                               asked.command_id));
        return;
    }
    slot->asked_end = asked.offset + asked.bytes;
    slot->transfer_tag = asked.transfer_tag;
    prepare_data(static_cast<std::uint16_t>(slot - slots_.data()));
}

} // namespace drivers::nvme_tcp
