// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/pdu_watch.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

using wire::iscsi::BasicHeader;
using wire::iscsi::Opcode;
using wire::iscsi::Word;
namespace flag = wire::iscsi::flag;

constexpr std::size_t login_segment_bytes_max = 65'536; // Declared only once the login has ended.
constexpr std::uint8_t full_feature_stage = 3;

bool ends_login(const BasicHeader& header) noexcept {
    const std::uint8_t flags = header.byte(1);
    const bool accepted = header.byte(36) == 0;
    return accepted && (flags & flag::final) != 0 && (flags & 3U) == full_feature_stage;
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
    }
    return true;
}

bool PduWatch::took_answer(const BasicHeader& header) {
    const std::size_t data_bytes = header.data_bytes();
    const std::size_t most = in_.full_feature ? terms_.segment_bytes_max : login_segment_bytes_max;
    if (data_bytes > most) {
        return break_off(fmt::format(
            "it sends {} bytes in one segment, where {} were declared at most", data_bytes, most));
    }
    if (!in_.full_feature) {
        if (header.opcode() == Opcode::login_response && ends_login(header)) {
            in_.full_feature = true;
            out_.full_feature = true;
        }
        return true;
    }
    switch (header.opcode()) {
    case Opcode::data_in:
        return took_data(header);
    case Opcode::ready_to_transfer:
        return took_request_for_data(header);
    case Opcode::scsi_response:
        unasked_ = 0;
        commands_.erase(header.task_tag());
        return true;
    case Opcode::nop_in:
    case Opcode::async_message:
    case Opcode::reject:
    case Opcode::text_response:
    case Opcode::task_management_response:
        if (++unasked_ > terms_.unasked_max) {
            return break_off(
                fmt::format("it sends {} messages in a row that answer no command", unasked_));
        }
        return true;
    case Opcode::logout_response:
        return true;
    default:
        return break_off(fmt::format("it sends a PDU of opcode {:#04x}, which no target sends",
                                     static_cast<unsigned>(header.opcode())));
    }
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
    unasked_ = 0;
    return true;
}

} // namespace drivers::iscsi
