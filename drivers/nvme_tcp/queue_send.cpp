// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/queue.h"
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t parts_max = 192; // Of one sendmsg: header, data and digest of 64 PDUs.

} // namespace

std::size_t Queue::part_bytes(const Slot& slot) const noexcept {
    const bool digest = slot.part_bytes > 0 && writer_.digests().data;
    return slot.header_bytes + slot.part_bytes + (digest ? nvme::digest_bytes : 0);
}

void Queue::enqueue(std::uint16_t index) noexcept {
    Slot& slot = slots_[index];
    slot.sending = true;
    if (slot.part_bytes > 0 && writer_.digests().data) {
        const auto covered = slot.data.subspan(slot.moved, slot.part_bytes);
        wire::put_le(std::span<std::byte>(slot.digest), 0, wire::crc32c(covered));
    }
    std::size_t at = send_head_ + send_count_;
    at = at >= send_ring_.size() ? at - send_ring_.size() : at;
    send_ring_[at] = index;
    ++send_count_;
}

// The next H2CData PDU of what an R2T has asked for.
void Queue::prepare_data(std::uint16_t index) noexcept {
    Slot& slot = slots_[index];
    const std::uint32_t left = slot.asked_end - slot.moved;
    slot.part_bytes = std::min(left, data_bytes_max_);
    const nvme::DataTransfer transfer{.command_id = slot.command_id,
                                      .transfer_tag = slot.transfer_tag,
                                      .offset = slot.moved,
                                      .bytes = slot.part_bytes};
    const std::uint8_t flags = slot.part_bytes == left ? nvme::flag_last : 0;
    slot.header_bytes = static_cast<std::uint16_t>(
        writer_.data(slot.header, nvme::PduType::h2c_data, transfer, flags));
    enqueue(index);
}

std::size_t Queue::gather(std::span<iovec> parts) noexcept {
    std::size_t count = 0;
    std::size_t skip = send_done_;
    const auto add = [&](std::byte* from, std::size_t bytes) {
        const std::size_t gone = std::min(skip, bytes);
        skip -= gone;
        if (bytes > gone) {
            parts[count++] = {.iov_base = from + gone, .iov_len = bytes - gone};
        }
    };
    std::size_t at = send_head_;
    for (std::size_t i = 0; i < send_count_ && count + 3 <= parts.size(); ++i) {
        Slot& slot = slots_[send_ring_[at]];
        add(slot.header.data(), slot.header_bytes);
        if (slot.part_bytes > 0) {
            add(slot.data.data() + slot.moved, slot.part_bytes);
            if (writer_.digests().data) {
                add(slot.digest.data(), slot.digest.size());
            }
        }
        at = at + 1 == send_ring_.size() ? 0 : at + 1;
    }
    return count;
}

void Queue::send_waiting() noexcept {
    blocked_ = false;
    while (send_count_ > 0 && !broken_) {
        std::array<iovec, parts_max> parts;
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = gather(parts);
        const ssize_t count = ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) {
            if (errno == EAGAIN || errno == EINTR) {
                blocked_ = errno == EAGAIN;
                return;
            }
            break_with(nvme::FatalError::none,
                       "cannot send: " + std::generic_category().message(errno));
            return;
        }
        sent(static_cast<std::size_t>(count));
    }
}

void Queue::sent(std::size_t bytes) noexcept {
    send_done_ += bytes;
    while (send_count_ > 0) {
        const std::uint16_t index = send_ring_[send_head_];
        const std::size_t whole = part_bytes(slots_[index]);
        if (send_done_ < whole) {
            return;
        }
        send_done_ -= whole;
        send_head_ = send_head_ + 1 == send_ring_.size() ? 0 : send_head_ + 1;
        --send_count_;
        part_sent(index);
    }
}

void Queue::part_sent(std::uint16_t index) noexcept {
    Slot& slot = slots_[index];
    slot.moved += slot.part_bytes;
    slot.sending = false;
    if (slot.answered) {
        complete(index, slot.answer);
    } else if (slot.moved < slot.asked_end) {
        prepare_data(index);
    }
}

} // namespace drivers::nvme_tcp
