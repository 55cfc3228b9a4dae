// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/pdu_watch.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

namespace drivers::iscsi {

namespace {

using wire::iscsi::BasicHeader;
using wire::iscsi::Opcode;
using wire::iscsi::Word;
namespace flag = wire::iscsi::flag;

constexpr std::size_t login_text_max = 65'536;
constexpr std::size_t login_segment_bytes_max = 65'536; // Declared only once the login has ended.
constexpr std::uint8_t full_feature_stage = 3;
constexpr std::uint8_t current_stage_bits = 0x0C; // Of a login's second byte; 0: security.
constexpr std::uint32_t no_tag = 0xFFFF'FFFF;

bool ends_login(const BasicHeader& header) noexcept {
    const std::uint8_t flags = header.byte(1);
    const bool accepted = header.byte(36) == 0;
    return accepted && (flags & flag::final) != 0 && (flags & 3U) == full_feature_stage;
}

// Of texts that each end with a zero byte.
bool has_key(std::string_view text, std::string_view key) noexcept {
    for (std::size_t at = text.find(key); at != std::string_view::npos;
         at = text.find(key, at + 1)) {
        if (at == 0 || text[at - 1] == '\0') {
            return true;
        }
    }
    return false;
}

} // namespace

PduWatch::PduWatch(const Terms& terms)
    : terms_(terms) {}

bool PduWatch::break_off(std::string why) {
    fault_ = std::move(why);
    return false;
}

template <typename Take>
bool PduWatch::walk(Stream& stream, std::span<const std::byte> bytes, const Take& take) {
    while (!bytes.empty()) {
        if (stream.payload_left > 0) {
            const std::size_t passed = std::min<std::uint64_t>(stream.payload_left, bytes.size());
            stream.payload_left -= passed;
            if (&stream == &out_ && !out_.full_feature && login_text_.size() < login_text_max) {
                login_text_.append(reinterpret_cast<const char*>(bytes.data()), passed); // NOLINT
            }
            bytes = bytes.subspan(passed);
            continue;
        }
        const std::size_t wanted =
            std::min(wire::iscsi::header_bytes - stream.header_have, bytes.size());
        std::copy_n(bytes.begin(),
                    wanted,
                    stream.header.bytes.begin() + static_cast<std::ptrdiff_t>(stream.header_have));
        stream.header_have += wanted;
        bytes = bytes.subspan(wanted);
        if (stream.header_have < wire::iscsi::header_bytes) {
            return true;
        }
        stream.header_have = 0;
        const bool digest = terms_.header_digest && stream.full_feature;
        stream.payload_left = wire::iscsi::extent_of(stream.header, {.header = digest}).total() -
                              wire::iscsi::header_bytes;
        if (!take(stream.header)) {
            return false;
        }
    }
    return true;
}

void PduWatch::sent(std::span<const std::byte> bytes) {
    (void)walk(out_, bytes, [this](const BasicHeader& header) { return took_request(header); });
}

bool PduWatch::received(std::span<const std::byte> bytes) {
    return fault_.empty() &&
           walk(in_, bytes, [this](const BasicHeader& header) { return took_answer(header); });
}

bool PduWatch::took_request(const BasicHeader& header) {
    if (header.opcode() == Opcode::scsi_command) {
        const std::uint8_t flags = header.byte(1);
        commands_.put({.tag = header.task_tag(),
                       .bytes = header.get(Word::expected_transfer_bytes),
                       .reads = (flags & flag::read) != 0,
                       .writes = (flags & flag::write) != 0});
        return true;
    }
    if (header.opcode() == Opcode::login_request) {
        login_request_ = header;
        was_response_taken_ = false;
        login_text_.clear();
        return true;
    }
    if (header.opcode() == Opcode::data_out && header.get(Word::target_transfer_tag) != no_tag &&
        (header.byte(1) & flag::final) != 0) {
        TaskTable::Task* const command = commands_.find(header.task_tag());
        if (command != nullptr && command->open_requests > 0) {
            --command->open_requests;
        }
    }
    return true;
}

bool PduWatch::took_unasked() {
    return ++unasked_ <= terms_.unasked_max ||
           break_off(fmt::format("it sends {} messages in a row that answer no command", unasked_));
}

bool PduWatch::took_answer(const BasicHeader& header) {
    const std::size_t data_bytes = header.data_bytes();
    const std::size_t most = in_.full_feature ? terms_.segment_bytes_max : login_segment_bytes_max;
    if (data_bytes > most) {
        return break_off(fmt::format(
            "it sends {} bytes in one segment, where {} were declared at most", data_bytes, most));
    }
    if (!in_.full_feature) {
        return took_login(header);
    }
    switch (header.opcode()) {
    case Opcode::data_in:
        return took_data(header);
    case Opcode::ready_to_transfer:
        return took_request_for_data(header);
    case Opcode::scsi_response:
        if (commands_.find(header.task_tag()) == nullptr) {
            return took_unasked(); // Of a command that was aborted, or of none.
        }
        unasked_ = 0;
        commands_.erase(header.task_tag());
        return true;
    case Opcode::nop_in:
    case Opcode::async_message:
    case Opcode::reject:
    case Opcode::text_response:
    case Opcode::task_management_response:
    case Opcode::logout_response:
        return took_unasked();
    default:
        return break_off(fmt::format("it sends a PDU of opcode {:#04x}, which no target sends",
                                     static_cast<unsigned>(header.opcode())));
    }
}

bool PduWatch::took_login(const BasicHeader& header) {
    const bool is_answer = header.opcode() == Opcode::login_response;
    if (is_answer && header.byte(36) == 0 && has_key(login_text_, "CHAP_R=")) {
        was_response_taken_ = true;
    }
    if (is_answer && header.byte(36) == 0 && (header.byte(1) & flag::final) != 0) {
        const std::uint8_t stage = header.byte(1) & current_stage_bits;
        const std::uint8_t asked = login_request_.byte(1) & current_stage_bits;
        const bool belongs = header.task_tag() == login_request_.task_tag() && stage == asked &&
                             (login_request_.byte(1) & flag::final) != 0;
        skipped_a_stage_ = skipped_a_stage_ || !belongs;
        went_through_chap_ = went_through_chap_ || (belongs && has_key(login_text_, "CHAP_R="));
    }
    if (is_answer && ends_login(header)) {
        in_.full_feature = true;
        out_.full_feature = true;
        unasked_ = 0;
        login_text_.clear();
        login_text_.shrink_to_fit();
        return true;
    }
    return took_unasked(); // A login takes a handful of them.
}

bool PduWatch::took_data(const BasicHeader& header) {
    const std::uint32_t tag = header.task_tag();
    TaskTable::Task* const command = commands_.find(tag);
    if (command == nullptr || !command->reads) {
        return break_off(
            fmt::format("it sends {} bytes of data for task {:#x}, which asked for none",
                        header.data_bytes(),
                        tag));
    }
    const std::uint64_t end = std::uint64_t{header.get(Word::buffer_offset)} + header.data_bytes();
    command->moved += header.data_bytes();
    if (end > command->bytes || command->moved > command->bytes) {
        return break_off(
            fmt::format("it sends data up to byte {} for task {:#x}, {} in all, which asked for {}",
                        end,
                        tag,
                        command->moved,
                        command->bytes));
    }
    // Pieces that carry nothing move the command no further.
    if (header.data_bytes() == 0 && ++unasked_ > terms_.unasked_max) {
        return break_off(fmt::format("it sends {} empty pieces of data in a row", unasked_));
    }
    unasked_ = header.data_bytes() == 0 ? unasked_ : 0;
    if ((header.byte(1) & flag::has_status) != 0) {
        commands_.erase(tag);
    }
    return true;
}

bool PduWatch::took_request_for_data(const BasicHeader& header) {
    const std::uint32_t tag = header.task_tag();
    TaskTable::Task* const command = commands_.find(tag);
    if (command == nullptr || !command->writes) {
        return break_off(
            fmt::format("it asks for data of task {:#x}, which has none to give", tag));
    }
    const std::uint64_t offset = header.get(Word::buffer_offset);
    const std::uint64_t desired = header.get(Word::desired_bytes);
    command->moved += desired;
    if (desired == 0 || offset + desired > command->bytes || command->moved > command->bytes) {
        return break_off(fmt::format(
            "it asks for {} bytes from byte {} on of task {:#x}, {} in all, which has {}",
            desired,
            offset,
            tag,
            command->moved,
            command->bytes));
    }
    // libiscsi makes a PDU of each at once: requests for one byte each would fill its memory.
    if (++command->open_requests > terms_.open_requests_max) {
        return break_off(fmt::format("it asks for data of task {:#x} {} times at once, where one "
                                     "request at a time was agreed",
                                     tag,
                                     command->open_requests));
    }
    unasked_ = 0;
    return true;
}

} // namespace drivers::iscsi
