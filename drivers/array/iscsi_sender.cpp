// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_sender.h"

#include "drivers/wire/crc32c.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

namespace drivers::array {

namespace {
constexpr std::size_t pieces_max = 256; // Of the 1024 that sendmsg takes.
constexpr std::size_t pieces_per_pdu = 4;
} // namespace

void IscsiSender::push(OutgoingPdu pdu) {
    pdu.header.set_data_bytes(pdu.data.size());
    Entry& entry = queue_.emplace_back();
    entry.pdu = std::move(pdu);
    if (digests_.header) {
        entry.header_digest = wire::crc32c_wire_bytes(wire::crc32c(entry.pdu.header.bytes));
        entry.header_digest_bytes = wire::iscsi::digest_bytes;
    }
    const wire::Bytes data = entry.pdu.data;
    const std::size_t padding = wire::iscsi::padding_for(data.size());
    entry.trailer_bytes = static_cast<std::uint8_t>(padding);
    if (digests_.data && !data.empty()) {
        std::uint32_t running = wire::crc32c_update(wire::crc32c_seed, data);
        running = wire::crc32c_update(running, wire::Bytes(entry.trailer).first(padding));
        const auto digest = wire::crc32c_wire_bytes(wire::crc32c_digest(running));
        std::copy(digest.begin(), digest.end(), entry.trailer.begin() + entry.trailer_bytes);
        entry.trailer_bytes += static_cast<std::uint8_t>(digest.size());
    }
}

void IscsiSender::push_with_text(wire::iscsi::BasicHeader header, wire::Bytes text) {
    OutgoingPdu pdu;
    pdu.header = header;
    pdu.text.assign(text.begin(), text.end());
    pdu.data = pdu.text; // Moving a vector leaves its bytes where they are.
    push(std::move(pdu));
}

IscsiSender::Flush IscsiSender::flush(int socket) noexcept {
    while (queued() > 0) {
        std::array<iovec, pieces_max + pieces_per_pdu> pieces{};
        std::size_t count = 0;
        std::size_t skip = sent_of_first_;
        std::size_t total = 0;
        const auto add = [&](std::byte* bytes, std::size_t size) {
            const std::size_t skipped = std::min(skip, size);
            skip -= skipped;
            if (size > skipped) {
                pieces[count++] = {bytes + skipped, size - skipped};
                total += size - skipped;
            }
        };
        for (std::size_t i = first_; i < queue_.size() && count < pieces_max; ++i) {
            Entry& entry = queue_[i];
            add(entry.pdu.header.bytes.data(), wire::iscsi::header_bytes);
            add(entry.header_digest.data(), entry.header_digest_bytes);
            // The kernel only reads what is sent.
            add(const_cast<std::byte*>(entry.pdu.data.data()), entry.pdu.data.size());
            add(entry.trailer.data(), entry.trailer_bytes);
        }
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = count;
        const ssize_t sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? Flush::blocked : Flush::closed;
        }
        drop_sent(static_cast<std::size_t>(sent));
        if (static_cast<std::size_t>(sent) < total) {
            return Flush::blocked;
        }
    }
    return Flush::done;
}

void IscsiSender::drop_sent(std::size_t bytes) noexcept {
    sent_of_first_ += bytes;
    while (queued() > 0 && sent_of_first_ >= queue_[first_].size_bytes()) {
        sent_of_first_ -= queue_[first_].size_bytes();
        queue_[first_].pdu.owner.give_back();
        ++first_;
    }
    if (queued() == 0) {
        queue_.clear();
        first_ = 0;
    } else if (first_ >= 256) { // Rarely: a slow reader leaves a tail behind.
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
}

} // namespace drivers::array
