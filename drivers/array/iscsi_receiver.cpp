// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_receiver.h"

#include "drivers/wire/crc32c.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace drivers::array {

using wire::Bytes;
using wire::MutableBytes;
using wire::iscsi::header_bytes;

IscsiReceiver::IscsiReceiver()
    : staging_(staging_bytes) {}

bool IscsiReceiver::fits_digest(Bytes bytes, Bytes digest) const noexcept {
    const auto right = wire::crc32c_wire_bytes(wire::crc32c(bytes));
    return std::equal(right.begin(), right.end(), digest.begin(), digest.end());
}

IscsiReceiver::Step IscsiReceiver::next(int socket) noexcept {
    if (state_ == State::delivered) {
        begin_ += consumed_;
        consumed_ = 0;
        state_ = State::between;
    }
    assert(state_ != State::placing); // The owner has been asked for a place.
    while (true) {
        if (state_ == State::streaming) {
            const Step step = stream(socket);
            if (step != Step::head) {
                return step;
            }
            continue;
        }
        const Step found = examine();
        if (found != Step::blocked) {
            return found;
        }
        const Step read = read_more(socket);
        if (read != Step::pdu) {
            return read;
        }
    }
}

// Looks at what is staged: a complete PDU, the head of a long one, or too little yet.
IscsiReceiver::Step IscsiReceiver::examine() noexcept {
    const MutableBytes staged = MutableBytes(staging_).subspan(begin_, end_ - begin_);
    if (staged.size() < header_bytes) {
        return Step::blocked;
    }
    std::copy_n(staged.begin(), header_bytes, pdu_.header.bytes.begin());
    extent_ = extent_of(pdu_.header, digests_);
    if (extent_.data > segment_bytes_max_) {
        return Step::broken;
    }
    if (staged.size() < extent_.head()) {
        return Step::blocked;
    }
    const std::size_t digested = header_bytes + extent_.ahs;
    if (extent_.header_digest > 0 &&
        !fits_digest(staged.first(digested), staged.subspan(digested, extent_.header_digest))) {
        return Step::broken;
    }
    if (staged.size() >= extent_.total()) {
        deliver(staged);
        return Step::pdu;
    }
    if (extent_.data <= long_bytes) {
        return Step::blocked;
    }
    const Bytes ahs = staged.subspan(header_bytes, extent_.ahs);
    ahs_copy_.assign(ahs.begin(), ahs.end());
    pdu_.ahs = ahs_copy_;
    begin_ += extent_.head();
    state_ = State::placing;
    return Step::head;
}

void IscsiReceiver::deliver(MutableBytes whole) noexcept {
    pdu_.ahs = whole.subspan(header_bytes, extent_.ahs);
    pdu_.data = whole.subspan(extent_.head(), extent_.data);
    pdu_.is_dropped = false;
    pdu_.is_damaged =
        extent_.data_digest > 0 &&
        !fits_digest(whole.subspan(extent_.head(), extent_.data + extent_.padding),
                     whole.subspan(extent_.total() - extent_.data_digest, extent_.data_digest));
    consumed_ = extent_.total();
    in_bulk_ = extent_.data > long_bytes;
    state_ = State::delivered;
}

void IscsiReceiver::place(MutableBytes where) noexcept {
    assert(state_ == State::placing && (where.empty() || where.size() == extent_.data));
    place_ = where;
    streamed_ = 0;
    state_ = State::streaming;
    in_bulk_ = true;
    const Bytes staged = Bytes(staging_).subspan(begin_, end_ - begin_);
    const std::size_t data = std::min(staged.size(), extent_.data);
    if (!place_.empty() && data > 0) {
        std::memcpy(place_.data(), staged.data(), data);
    }
    const std::size_t rest = staged.size() - data; // Less than padding and digest together.
    std::copy_n(staged.begin() + static_cast<std::ptrdiff_t>(data), rest, trailer_.begin());
    streamed_ = staged.size();
    begin_ = end_ = 0;
}

// Reads into the place, the trailer and the head of what follows, in one call.
IscsiReceiver::Step IscsiReceiver::stream(int socket) noexcept {
    const std::size_t trailer_bytes = extent_.padding + extent_.data_digest;
    const std::size_t wanted = extent_.data + trailer_bytes;
    if (streamed_ >= wanted) {
        return finish_stream();
    }
    if (is_drained_) {
        return Step::blocked;
    }
    std::array<iovec, 3> parts{};
    std::size_t count = 0;
    if (streamed_ < extent_.data) {
        const std::size_t left = extent_.data - streamed_;
        parts[count++] = place_.empty() ? iovec{staging_.data() + header_bytes * 2,
                                                std::min(left, staging_bytes - header_bytes * 2)}
                                        : iovec{place_.data() + streamed_, left};
    }
    const bool reaches_end = !place_.empty() || streamed_ >= extent_.data;
    const std::size_t trailer_at = streamed_ > extent_.data ? streamed_ - extent_.data : 0;
    if (reaches_end && trailer_bytes > trailer_at) {
        parts[count++] = {trailer_.data() + trailer_at, trailer_bytes - trailer_at};
    }
    if (reaches_end) {
        parts[count++] = {staging_.data(), header_bytes + extent_.header_digest};
    }
    std::size_t asked = 0;
    for (std::size_t i = 0; i < count; ++i) {
        asked += parts[i].iov_len;
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t got = recvmsg(socket, &message, MSG_DONTWAIT);
    if (got <= 0) {
        const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
        is_drained_ = later;
        return later ? Step::blocked : Step::closed;
    }
    is_drained_ = static_cast<std::size_t>(got) < asked;
    streamed_ += static_cast<std::size_t>(got);
    if (streamed_ > wanted) {
        end_ = streamed_ - wanted;
        streamed_ = wanted;
    }
    return Step::head; // Go round once more.
}

IscsiReceiver::Step IscsiReceiver::finish_stream() noexcept {
    pdu_.data = place_;
    pdu_.is_dropped = place_.empty();
    pdu_.is_damaged = false;
    if (extent_.data_digest > 0 && !place_.empty()) {
        std::uint32_t running = wire::crc32c_update(wire::crc32c_seed, place_);
        running = wire::crc32c_update(running, Bytes(trailer_).first(extent_.padding));
        const auto right = wire::crc32c_wire_bytes(wire::crc32c_digest(running));
        pdu_.is_damaged = !std::equal(
            right.begin(), right.end(), trailer_.begin() + static_cast<int>(extent_.padding));
    }
    state_ = State::delivered;
    consumed_ = 0;
    return Step::pdu;
}

// `pdu` here means: bytes came, look again.
IscsiReceiver::Step IscsiReceiver::read_more(int socket) noexcept {
    if (is_drained_) {
        return Step::blocked;
    }
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (begin_ > 0) {
        std::memmove(staging_.data(), staging_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    std::size_t room = staging_bytes - end_;
    if (in_bulk_ && end_ < header_bytes) { // Keep long data out of the staging area.
        room = header_bytes - end_;
    }
    assert(room > 0);
    const ssize_t got = recv(socket, staging_.data() + end_, room, MSG_DONTWAIT);
    if (got <= 0) {
        const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
        is_drained_ = later;
        return later ? Step::blocked : Step::closed;
    }
    is_drained_ = static_cast<std::size_t>(got) < room;
    end_ += static_cast<std::size_t>(got);
    return Step::pdu;
}

} // namespace drivers::array
