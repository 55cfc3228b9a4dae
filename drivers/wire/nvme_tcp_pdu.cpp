// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_tcp_pdu.h"

#include "drivers/wire/crc32c.h"
#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <cassert>

namespace drivers::wire::nvme {

namespace {

// HLEN that a type must have; 0 = no such type.
std::size_t header_bytes_of(std::uint8_t type) noexcept {
    switch (static_cast<PduType>(type)) {
    case PduType::ic_req:
    case PduType::ic_resp:
        return ic_bytes;
    case PduType::h2c_term_req:
    case PduType::c2h_term_req:
        return term_header_bytes;
    case PduType::capsule_cmd:
        return capsule_cmd_header_bytes;
    case PduType::capsule_resp:
    case PduType::h2c_data:
    case PduType::c2h_data:
    case PduType::r2t:
        return short_header_bytes;
    }
    return 0;
}

bool may_carry_data(PduType type) noexcept {
    return type == PduType::capsule_cmd || type == PduType::h2c_data || type == PduType::c2h_data;
}

bool is_set_up(PduType type) noexcept { // Comes before or outside of the agreed digests.
    return type == PduType::ic_req || type == PduType::ic_resp || type == PduType::h2c_term_req ||
           type == PduType::c2h_term_req;
}

// ICReq, ICResp and the termination requests: fixed lengths, no digests.
std::optional<PduLayout> check_set_up(const PduHeader& header) noexcept {
    const bool term = header.header_bytes == term_header_bytes;
    const std::uint32_t extra_max = term ? term_data_bytes_max : 0;
    if ((header.flags & (flag_header_digest | flag_data_digest)) != 0 ||
        header.pdu_bytes < header.header_bytes ||
        header.pdu_bytes > header.header_bytes + extra_max) {
        return std::nullopt;
    }
    return PduLayout{.header_bytes = header.header_bytes,
                     .data_offset = header.header_bytes,
                     .data_bytes = header.pdu_bytes - header.header_bytes};
}

void put_common(std::span<std::byte> out, const PduHeader& header) noexcept {
    out[0] = std::byte{header.type};
    out[1] = std::byte{header.flags};
    out[2] = std::byte{header.header_bytes};
    out[3] = std::byte{header.data_offset};
    put_le<std::uint32_t>(out, 4, header.pdu_bytes);
}

void put_transfer(std::span<std::byte> out, const DataTransfer& transfer) noexcept {
    put_le<std::uint16_t>(out, 8, transfer.command_id);
    put_le<std::uint16_t>(out, 10, transfer.transfer_tag);
    put_le<std::uint32_t>(out, 12, transfer.offset);
    put_le<std::uint32_t>(out, 16, transfer.bytes);
    put_le<std::uint32_t>(out, 20, 0);
}

} // namespace

const char* fatal_error_text(FatalError error) noexcept {
    switch (error) {
    case FatalError::none:
        return "no error";
    case FatalError::invalid_header_field:
        return "invalid PDU header field";
    case FatalError::sequence_error:
        return "PDU sequence error";
    case FatalError::header_digest_error:
        return "header digest error";
    case FatalError::data_out_of_range:
        return "data transfer out of range";
    case FatalError::data_limit_exceeded:
        return "data transfer or R2T limit exceeded";
    case FatalError::unsupported_parameter:
        return "unsupported parameter";
    }
    return "unknown fatal error status";
}

PduHeader read_pdu_header(std::span<const std::byte, common_header_bytes> bytes) noexcept {
    return {.type = std::to_integer<std::uint8_t>(bytes[0]),
            .flags = std::to_integer<std::uint8_t>(bytes[1]),
            .header_bytes = std::to_integer<std::uint8_t>(bytes[2]),
            .data_offset = std::to_integer<std::uint8_t>(bytes[3]),
            .pdu_bytes = get_le<std::uint32_t>(bytes, 4)};
}

std::optional<PduLayout> check_pdu_header(const PduHeader& header,
                                          const Digests& digests) noexcept {
    const std::size_t wanted = header_bytes_of(header.type);
    if (wanted == 0 || header.header_bytes != wanted) {
        return std::nullopt;
    }
    const auto type = static_cast<PduType>(header.type);
    if (is_set_up(type)) {
        return check_set_up(header);
    }
    if (((header.flags & flag_header_digest) != 0) != digests.header) {
        return std::nullopt;
    }
    PduLayout layout;
    layout.header_digest = digests.header;
    layout.header_bytes =
        header.header_bytes + (digests.header ? static_cast<std::uint32_t>(digest_bytes) : 0U);
    layout.data_offset = layout.header_bytes;
    if (header.pdu_bytes == layout.header_bytes) {
        return layout;
    }
    layout.data_offset = header.data_offset;
    layout.data_digest = (header.flags & flag_data_digest) != 0;
    const std::uint32_t tail = layout.data_digest ? static_cast<std::uint32_t>(digest_bytes) : 0U;
    if (!may_carry_data(type) || layout.data_digest != digests.data ||
        layout.data_offset < layout.header_bytes || layout.data_offset % 4 != 0 ||
        header.pdu_bytes <= layout.data_offset + tail) {
        return std::nullopt;
    }
    layout.data_bytes = header.pdu_bytes - layout.data_offset - tail;
    return layout;
}

void put_initialize(std::span<std::byte, ic_bytes> out,
                    PduType type,
                    const InitializeConnection& values) noexcept {
    std::fill(out.begin(), out.end(), std::byte{0});
    put_common(
        out,
        {.type = static_cast<std::uint8_t>(type), .header_bytes = ic_bytes, .pdu_bytes = ic_bytes});
    put_le<std::uint16_t>(out, 8, values.format_version);
    out[10] = std::byte{values.data_alignment};
    const unsigned digests = (values.digests.header ? 1U : 0U) | (values.digests.data ? 2U : 0U);
    out[11] = static_cast<std::byte>(digests);
    put_le<std::uint32_t>(out, 12, values.limit);
}

InitializeConnection get_initialize(std::span<const std::byte, ic_bytes> pdu) noexcept {
    const auto digests = std::to_integer<unsigned>(pdu[11]);
    return {.format_version = get_le<std::uint16_t>(pdu, 8),
            .data_alignment = std::to_integer<std::uint8_t>(pdu[10]),
            .digests = {.header = (digests & 1U) != 0, .data = (digests & 2U) != 0},
            .limit = get_le<std::uint32_t>(pdu, 12)};
}

DataTransfer get_transfer(std::span<const std::byte> header) noexcept {
    return {.command_id = get_le<std::uint16_t>(header, 8),
            .transfer_tag = get_le<std::uint16_t>(header, 10),
            .offset = get_le<std::uint32_t>(header, 12),
            .bytes = get_le<std::uint32_t>(header, 16)};
}

Termination get_termination(std::span<const std::byte> header) noexcept {
    return {.error = static_cast<FatalError>(get_le<std::uint16_t>(header, 8)),
            .information = get_le<std::uint32_t>(header, 10)};
}

SubmissionEntry get_submission(std::span<const std::byte> header) noexcept {
    return get_le<SubmissionEntry>(header, common_header_bytes);
}

CompletionEntry get_completion(std::span<const std::byte> header) noexcept {
    return get_le<CompletionEntry>(header, common_header_bytes);
}

PduWriter::PduWriter(Digests digests, std::uint8_t data_alignment) noexcept
    : digests_(digests)
    , alignment_bytes_((static_cast<std::uint32_t>(data_alignment) + 1) * 4) {}

std::size_t PduWriter::finish(std::span<std::byte> out,
                              PduHeader header,
                              std::uint32_t data_bytes) const noexcept {
    const std::size_t digest = digests_.header ? digest_bytes : 0;
    std::size_t before_data = header.header_bytes + digest;
    header.flags =
        static_cast<std::uint8_t>(header.flags | (digests_.header ? flag_header_digest : 0));
    header.pdu_bytes = static_cast<std::uint32_t>(before_data);
    if (data_bytes > 0) {
        const std::size_t past = before_data % alignment_bytes_;
        const std::size_t padding = past == 0 ? 0 : alignment_bytes_ - past;
        std::fill_n(out.begin() + static_cast<std::ptrdiff_t>(before_data), padding, std::byte{0});
        before_data += padding;
        header.data_offset = static_cast<std::uint8_t>(before_data);
        header.pdu_bytes = static_cast<std::uint32_t>(before_data) + data_bytes;
        if (digests_.data) {
            header.flags = static_cast<std::uint8_t>(header.flags | flag_data_digest);
            header.pdu_bytes += static_cast<std::uint32_t>(digest_bytes);
        }
    }
    put_common(out, header);
    if (digests_.header) {
        put_le(out, header.header_bytes, crc32c(out.first(header.header_bytes)));
    }
    return before_data;
}

std::size_t PduWriter::capsule_cmd(std::span<std::byte> out,
                                   const SubmissionEntry& entry,
                                   std::uint32_t data_bytes) const noexcept {
    put_le(out, common_header_bytes, entry);
    return finish(out,
                  {.type = static_cast<std::uint8_t>(PduType::capsule_cmd),
                   .header_bytes = capsule_cmd_header_bytes},
                  data_bytes);
}

std::size_t PduWriter::capsule_resp(std::span<std::byte> out,
                                    const CompletionEntry& entry) const noexcept {
    put_le(out, common_header_bytes, entry);
    return finish(out,
                  {.type = static_cast<std::uint8_t>(PduType::capsule_resp),
                   .header_bytes = short_header_bytes},
                  0);
}

std::size_t PduWriter::data(std::span<std::byte> out,
                            PduType type,
                            const DataTransfer& transfer,
                            std::uint8_t flags) const noexcept {
    put_transfer(out, transfer);
    return finish(out,
                  {.type = static_cast<std::uint8_t>(type),
                   .flags = flags,
                   .header_bytes = short_header_bytes},
                  transfer.bytes);
}

std::size_t PduWriter::r2t(std::span<std::byte> out, const DataTransfer& transfer) const noexcept {
    put_transfer(out, transfer);
    return finish(
        out,
        {.type = static_cast<std::uint8_t>(PduType::r2t), .header_bytes = short_header_bytes},
        0);
}

std::size_t PduWriter::termination(std::span<std::byte> out,
                                   PduType type,
                                   const Termination& values,
                                   std::span<const std::byte> offending) noexcept {
    const std::size_t data_bytes = std::min(offending.size(), term_data_bytes_max);
    assert(out.size() >= term_header_bytes + data_bytes);
    std::fill_n(out.begin(), term_header_bytes, std::byte{0});
    put_common(out,
               {.type = static_cast<std::uint8_t>(type),
                .header_bytes = term_header_bytes,
                .pdu_bytes = static_cast<std::uint32_t>(term_header_bytes + data_bytes)});
    put_le(out, 8, static_cast<std::uint16_t>(values.error));
    put_le(out, 10, values.information);
    std::copy_n(offending.begin(), data_bytes, out.begin() + term_header_bytes);
    return term_header_bytes + data_bytes;
}

bool header_digest_fits(std::span<const std::byte> header) noexcept {
    const std::size_t covered = header.size() - digest_bytes;
    return get_le<std::uint32_t>(header, covered) == crc32c(header.first(covered));
}

} // namespace drivers::wire::nvme
