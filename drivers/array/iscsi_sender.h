// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/buffer_pool.h"
#include "drivers/wire/iscsi_pdu.h"

#include <array>
#include <cstdint>
#include <vector>

namespace drivers::array {

// A PDU on its way out, with whatever keeps its data alive.
struct OutgoingPdu {
    wire::iscsi::BasicHeader header;
    wire::Bytes data{}; // Into `owner`, into `text`, or into a later PDU's owner.
    Buffer owner{};
    std::vector<std::byte> text{}; // Small data of its own.
};

// Sends PDUs in order, as many per call as the socket takes.
class IscsiSender {
public:
    void use_digests(wire::iscsi::Digests digests) noexcept { digests_ = digests; }

    void push(OutgoingPdu pdu); // Its length field is set here.
    void push_with_text(wire::iscsi::BasicHeader header, wire::Bytes text);

    enum class Flush : std::uint8_t { done, blocked, closed };
    Flush flush(int socket) noexcept;

    std::size_t queued() const noexcept { return queue_.size() - first_; }

private:
    struct Entry {
        OutgoingPdu pdu;
        std::array<std::byte, 4> header_digest{};
        std::array<std::byte, 8> trailer{}; // Padding and data digest.
        std::uint8_t header_digest_bytes = 0;
        std::uint8_t trailer_bytes = 0;

        std::size_t size_bytes() const noexcept {
            return wire::iscsi::header_bytes + header_digest_bytes + pdu.data.size() +
                   trailer_bytes;
        }
    };
    void drop_sent(std::size_t bytes) noexcept;

    wire::iscsi::Digests digests_{};
    std::vector<Entry> queue_;
    std::size_t first_ = 0;
    std::size_t sent_of_first_ = 0;
};

} // namespace drivers::array
