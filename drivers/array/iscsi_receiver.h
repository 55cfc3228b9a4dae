// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/iscsi_pdu.h"

#include <array>
#include <vector>

namespace drivers::array {

struct ReceivedPdu {
    wire::iscsi::BasicHeader header;
    wire::Bytes ahs{};
    wire::MutableBytes data{}; // Valid until the next step; empty if dropped.
    bool is_dropped = false;   // There was data, but nowhere to put it.
    bool is_damaged = false;   // The data digest does not fit.
};

// Cuts a byte stream into PDUs. Short ones are read in bulk and stay where they landed; the data of
// a long one goes straight to where its owner wants it. Never holds more than its staging area.
class IscsiReceiver {
public:
    IscsiReceiver();

    enum class Step : std::uint8_t {
        blocked, // Nothing more to read now.
        closed,  // By the peer, or an error of the socket.
        broken,  // No PDU can look like this: wrong header digest or too long.
        head,    // A long PDU begins: pdu().header and ahs are there, place() its data.
        pdu      // pdu() is complete.
    };
    Step next(int socket) noexcept;
    void place(wire::MutableBytes where) noexcept; // As long as the data, or empty to drop it.
    const ReceivedPdu& pdu() const noexcept { return pdu_; }

    void use_digests(wire::iscsi::Digests digests) noexcept { digests_ = digests; }
    void limit_segment(std::size_t bytes) noexcept { segment_bytes_max_ = bytes; }
    void wake() noexcept { is_drained_ = false; } // The socket became readable again.

    static constexpr std::size_t staging_bytes = 131072;
    static constexpr std::size_t long_bytes = 16384; // Data beyond this is placed.

private:
    enum class State : std::uint8_t { between, delivered, placing, streaming };

    Step read_more(int socket) noexcept;
    Step stream(int socket) noexcept;
    Step finish_stream() noexcept;
    Step examine() noexcept; // `blocked` means: needs more bytes.
    void deliver(wire::MutableBytes whole) noexcept;
    bool fits_digest(wire::Bytes bytes, wire::Bytes digest) const noexcept;

    std::vector<std::byte> staging_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t consumed_ = 0;
    State state_ = State::between;
    bool is_drained_ = false;
    bool in_bulk_ = false; // The last PDU was long: read the next head alone.
    wire::iscsi::Digests digests_{};
    std::size_t segment_bytes_max_ = 8192;

    ReceivedPdu pdu_;
    wire::iscsi::PduExtent extent_;
    std::vector<std::byte> ahs_copy_;
    wire::MutableBytes place_{};
    std::size_t streamed_ = 0;           // Of data, padding and digest together.
    std::array<std::byte, 8> trailer_{}; // Padding and data digest of a streamed PDU.
};

} // namespace drivers::array
