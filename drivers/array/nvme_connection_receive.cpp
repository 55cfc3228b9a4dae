// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_connection.h"
#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t ahead_bytes = 32U << 10U;
constexpr std::size_t output_bytes_max = 16U << 20U; // Read data waiting: no more commands then.
constexpr int rounds_max = 16; // Receive calls before other connections have their turn.

bool carries_data_in(const nvme::SubmissionEntry& entry) noexcept {
    // Data transfer direction: the two lowest bits of the opcode, of FCTYPE for Fabrics commands.
    const unsigned code = entry.opcode == nvme::opcode_fabrics ? entry.nsid : entry.opcode;
    return (code & 3U) == 1U;
}

} // namespace

std::span<const std::byte> NvmeConnection::received() const noexcept {
    return std::span(receive_buffer_).subspan(receive_begin_, receive_end_ - receive_begin_);
}

void NvmeConnection::on_readable() {
    now_ = door_.clock().now();
    for (int round = 0; round < rounds_max && receive(); ++round) {
    }
    if (!closed_) {
        send_ready();
        flush();
    }
    if (!closed_ && output_bytes_ < output_bytes_max) {
        wait_readable(); // Else when output has drained.
    }
}

// True if there may be more at once.
bool NvmeConnection::receive() {
    if (closed_ || output_bytes_ >= output_bytes_max) {
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
    if (payload_left_ > 0) {
        parts[count++] = {.iov_base = payload_to_, .iov_len = payload_left_};
        wanted = std::min(wanted, ahead_bytes);
    }
    parts[count++] = {.iov_base = receive_buffer_.data() + receive_end_, .iov_len = wanted};
    const std::size_t asked = payload_left_ + wanted;
    const ssize_t got = ::readv(socket_.native_handle(), parts.data(), static_cast<int>(count));
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            close();
        }
        return false;
    }
    const auto bytes = static_cast<std::size_t>(got);
    const std::size_t in_place = std::min<std::size_t>(bytes, payload_left_);
    payload_to_ += in_place;
    payload_left_ -= static_cast<std::uint32_t>(in_place);
    receive_end_ += bytes - in_place;
    parse();
    return bytes == asked;
}

void NvmeConnection::parse() {
    while (!closed_) {
        if (payload_command_ != no_command) {
            if (!parse_payload()) {
                return;
            }
        } else if (output_bytes_ >= output_bytes_max || !parse_header()) {
            return;
        }
    }
}

bool NvmeConnection::parse_payload() {
    const std::size_t take = std::min<std::size_t>(payload_left_, receive_end_ - receive_begin_);
    if (take > 0) {
        std::memcpy(payload_to_, receive_buffer_.data() + receive_begin_, take);
        payload_to_ += take;
        payload_left_ -= static_cast<std::uint32_t>(take);
        receive_begin_ += take;
    }
    if (payload_left_ > 0) {
        return false;
    }
    const std::uint16_t index = payload_command_;
    if (payload_digest_) {
        const auto bytes = received();
        if (bytes.size() < nvme::digest_bytes) {
            return false;
        }
        const std::span<const std::byte> covered(payload_to_ - payload_bytes_, payload_bytes_);
        if (wire::get_le<std::uint32_t>(bytes, 0) != wire::crc32c(covered)) {
            commands_[index].digest_failed = true;
        }
        receive_begin_ += nvme::digest_bytes;
    }
    payload_command_ = no_command;
    commands_[index].moved += payload_bytes_;
    data_received(index);
    return true;
}

bool NvmeConnection::parse_initialize(std::span<const std::byte> bytes) {
    if (bytes.size() < nvme::ic_bytes) {
        return false;
    }
    const auto asked = nvme::get_initialize(bytes.first<nvme::ic_bytes>());
    constexpr std::uint8_t alignment_max = 31;
    if (asked.format_version != 0 || asked.data_alignment > alignment_max) {
        violated(nvme::FatalError::unsupported_parameter, bytes.first(nvme::ic_bytes));
        return false;
    }
    const NvmePortalSettings& settings = door_.settings();
    const nvme::Digests digests{.header = asked.digests.header && settings.header_digest,
                                .data = asked.digests.data && settings.data_digest};
    std::array<std::byte, nvme::ic_bytes> answer{};
    nvme::put_initialize(
        answer, nvme::PduType::ic_resp, {.digests = digests, .limit = settings.data_pdu_bytes_max});
    receive_begin_ += nvme::ic_bytes;
    initialized_ = true;
    writer_ = nvme::PduWriter(digests, asked.data_alignment);
    const ssize_t count =
        ::send(socket_.native_handle(), answer.data(), answer.size(), MSG_NOSIGNAL);
    if (count != static_cast<ssize_t>(answer.size())) { // An empty socket has room for 128 bytes.
        close();
    }
    return true;
}

bool NvmeConnection::parse_header() {
    const auto bytes = received();
    if (bytes.size() < nvme::common_header_bytes) {
        return false;
    }
    const nvme::PduHeader header = nvme::read_pdu_header(bytes.first<nvme::common_header_bytes>());
    const auto layout = nvme::check_pdu_header(header, writer_.digests());
    const auto type = static_cast<nvme::PduType>(header.type);
    const bool in_order = initialized_ ? type == nvme::PduType::capsule_cmd ||
                                             type == nvme::PduType::h2c_data ||
                                             type == nvme::PduType::h2c_term_req
                                       : type == nvme::PduType::ic_req;
    if (!layout || !in_order) {
        violated(layout ? nvme::FatalError::sequence_error : nvme::FatalError::invalid_header_field,
                 bytes.first<nvme::common_header_bytes>());
        return false;
    }
    if (type == nvme::PduType::h2c_term_req) {
        close();
        return false;
    }
    if (type == nvme::PduType::ic_req) {
        return parse_initialize(bytes);
    }
    if (bytes.size() < layout->data_offset) {
        return false;
    }
    const auto whole = bytes.first(layout->data_offset);
    if (layout->header_digest && !nvme::header_digest_fits(bytes.first(layout->header_bytes))) {
        violated(nvme::FatalError::header_digest_error, whole);
        return false;
    }
    receive_begin_ += layout->data_offset;
    if (type == nvme::PduType::capsule_cmd) {
        on_capsule(whole, *layout);
    } else {
        on_data(whole, *layout);
    }
    return true;
}

void NvmeConnection::on_capsule(std::span<const std::byte> header, const nvme::PduLayout& layout) {
    if (free_.empty()) { // More commands than the queue has entries.
        violated(nvme::FatalError::sequence_error, header);
        return;
    }
    const std::uint16_t index = free_.back();
    Command& command = commands_[index];
    command.entry = nvme::get_submission(header);
    command.arrived = now_;
    command.moved = 0;
    command.asked = false;
    command.digest_failed = false;
    command.timed = false;
    command.early_status = 0;
    command.answer = {};
    command.answer_bytes = 0;
    sq_head_ = static_cast<std::uint16_t>(sq_head_ + 1 >= sq_entries_ ? 0 : sq_head_ + 1);

    const nvme::SubmissionEntry& entry = command.entry;
    const bool in_capsule = entry.sgl_type == nvme::sgl_in_capsule;
    const bool takes_data = carries_data_in(entry) && entry.sgl_bytes > 0;
    const std::uint32_t capsule_max = queue_id_ == 0 || !connected_
                                          ? std::max(8192U, door_.settings().in_capsule_bytes)
                                          : door_.settings().in_capsule_bytes;
    if (layout.data_bytes > 0 && (!takes_data || !in_capsule || layout.data_bytes > capsule_max ||
                                  entry.sgl_bytes != layout.data_bytes || entry.sgl_address != 0)) {
        violated(nvme::FatalError::invalid_header_field, header);
        return;
    }
    free_.pop_back();
    command.stage = Stage::receiving;
    command.bytes = takes_data ? entry.sgl_bytes : 0;
    if (!in_capsule && entry.sgl_type != nvme::sgl_transport) {
        command.early_status = nvme::status_sgl_type_invalid;
    } else if (in_capsule && takes_data && layout.data_bytes == 0) {
        command.early_status = nvme::status_sgl_length_invalid;
    } else {
        command.early_status = check_length(command);
    }
    if (layout.data_bytes > 0) {
        reserve(command, layout.data_bytes);
        payload_command_ = index;
        payload_to_ = command.buffer.get();
        payload_left_ = payload_bytes_ = layout.data_bytes;
        payload_digest_ = layout.data_digest;
    } else if (takes_data && command.early_status == 0) {
        wants_r2t_.push_back(index);
        grant_r2t();
    } else {
        execute(index);
    }
}

void NvmeConnection::on_data(std::span<const std::byte> header, const nvme::PduLayout& layout) {
    const nvme::DataTransfer transfer = nvme::get_transfer(header);
    const std::size_t index = transfer.transfer_tag;
    const bool known = index < commands_.size() && commands_[index].asked &&
                       commands_[index].stage == Stage::receiving &&
                       commands_[index].entry.command_id == transfer.command_id;
    if (!known) {
        violated(nvme::FatalError::invalid_header_field, header);
        return;
    }
    Command& command = commands_[index];
    if (transfer.offset != command.moved || transfer.bytes != layout.data_bytes ||
        transfer.bytes == 0 || transfer.bytes > command.bytes - command.moved ||
        transfer.bytes > door_.settings().data_pdu_bytes_max) {
        violated(nvme::FatalError::data_out_of_range, header);
        return;
    }
    payload_command_ = static_cast<std::uint16_t>(index);
    payload_to_ = command.buffer.get() + command.moved;
    payload_left_ = payload_bytes_ = transfer.bytes;
    payload_digest_ = layout.data_digest;
}

void NvmeConnection::data_received(std::uint16_t index) {
    Command& command = commands_[index];
    if (command.moved < command.bytes) {
        return;
    }
    if (command.asked) {
        granted_bytes_ -= command.bytes;
        command.asked = false;
    }
    if (command.digest_failed) {
        command.early_status = nvme::status_transport_error;
    }
    execute(index);
    grant_r2t();
}

void NvmeConnection::violated(nvme::FatalError error, std::span<const std::byte> header) {
    if (out_done_ == 0) { // Not in the middle of another PDU.
        std::array<std::byte, nvme::term_header_bytes + nvme::term_data_bytes_max> pdu{};
        const std::size_t bytes = nvme::PduWriter::termination(
            pdu, nvme::PduType::c2h_term_req, {.error = error}, header);
        (void)!::send(socket_.native_handle(), pdu.data(), bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    close();
}

} // namespace drivers::array
