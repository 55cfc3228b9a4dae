// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/task_table.h"
#include "drivers/wire/iscsi_pdu.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace drivers::iscsi {

// Reads along with libiscsi on one connection, both ways and before libiscsi acts on what has come,
// and holds the array to what it was asked for (RFC 7143): data only for a command that reads, no
// more than it asked for; requests for data only for one that writes, no more than it has and few
// at a time; no segment longer than was declared; no endless stream of messages that answer
// nothing. libiscsi believes all of it: one forged request for data has it cut 4 GiB into requests,
// data for a command that takes none has it collect them.
class PduWatch {
public:
    struct Terms {
        bool header_digest = false;                // From the end of the login on.
        std::uint32_t segment_bytes_max = 262'144; // That this end declares.
        // Messages that answer nothing, between two that do: an array that is alive sends a few.
        std::uint32_t unasked_max = 10'000;
        // Requests for data of one command that are not answered yet. libiscsi agrees to one;
        // arrays that forget it do no harm while they are few.
        std::uint32_t open_requests_max = 64;
    };

    explicit PduWatch(const Terms& terms);

    // What goes out, as libiscsi hands it to the socket.
    void sent(std::span<const std::byte> bytes);

    // What has come in, before libiscsi looks at it. False: the array broke the protocol; nothing
    // of it may be acted upon, and fault() says what.
    [[nodiscard]] bool received(std::span<const std::byte> bytes);

    const std::string& fault() const noexcept { return fault_; }

    // The login left its security stage by an answer to this end's CHAP response, and by nothing
    // else. libiscsi also lets an array in that skips the stage, and compares the array's own proof
    // only with an answer that says it belongs to it.
    bool went_through_chap() const noexcept { return went_through_chap_ && !skipped_a_stage_; }

    // The last that was answered was this end's CHAP response, and the array took it: if libiscsi
    // ends the login then, it is the array's own proof that was missing or wrong.
    bool was_response_taken() const noexcept { return was_response_taken_; }

private:
    // Where one direction's byte stream stands within its PDUs.
    struct Stream {
        wire::iscsi::BasicHeader header;
        std::size_t header_have = 0;
        std::uint64_t payload_left = 0; // Additional headers, digests, data and padding.
        bool full_feature = false;      // Header digests follow headers.
    };
    template <typename Take>
    bool walk(Stream& stream, std::span<const std::byte> bytes, const Take& take);
    bool took_request(const wire::iscsi::BasicHeader& header);
    bool took_answer(const wire::iscsi::BasicHeader& header);
    bool took_data(const wire::iscsi::BasicHeader& header);
    bool took_request_for_data(const wire::iscsi::BasicHeader& header);
    bool took_unasked();
    bool took_login(const wire::iscsi::BasicHeader& header);
    bool break_off(std::string why);

    Terms terms_;
    Stream out_;
    Stream in_;
    TaskTable commands_;
    std::uint32_t unasked_ = 0;
    wire::iscsi::BasicHeader login_request_; // The last that was sent, and its text.
    std::string login_text_;
    bool went_through_chap_ = false;
    bool was_response_taken_ = false;
    bool skipped_a_stage_ = false;
    std::string fault_;
};

// Lets the calling thread's calls of libiscsi read and write through a watch; none: past it.
class Watched {
public:
    explicit Watched(PduWatch* watch) noexcept;
    ~Watched();
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;

private:
    PduWatch* before_;
};

} // namespace drivers::iscsi
