// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/nvme_command.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

// PDUs of the NVMe/TCP transport: NVM Express TCP Transport Specification 1.0, section 3.6.2.
namespace drivers::wire::nvme {

enum class PduType : std::uint8_t {
    ic_req = 0x00,
    ic_resp = 0x01,
    h2c_term_req = 0x02,
    c2h_term_req = 0x03,
    capsule_cmd = 0x04,
    capsule_resp = 0x05,
    h2c_data = 0x06,
    c2h_data = 0x07,
    r2t = 0x09
};

// FLAGS of the common header.
constexpr std::uint8_t flag_header_digest = 0x01;
constexpr std::uint8_t flag_data_digest = 0x02;
constexpr std::uint8_t flag_last = 0x04;
constexpr std::uint8_t flag_success = 0x08;

constexpr std::size_t common_header_bytes = 8;
constexpr std::size_t ic_bytes = 128;
constexpr std::size_t term_header_bytes = 24;
constexpr std::size_t capsule_cmd_header_bytes = 72;
constexpr std::size_t short_header_bytes = 24; // CapsuleResp, H2CData, C2HData, R2T.
constexpr std::size_t digest_bytes = 4;
constexpr std::size_t header_bytes_max = 128; // The longest header, any digest included.
constexpr std::size_t term_data_bytes_max = 128;

// Fatal Error Status, the reason in a H2CTermReq or C2HTermReq.
enum class FatalError : std::uint16_t {
    none = 0,
    invalid_header_field = 1,
    sequence_error = 2,
    header_digest_error = 3,
    data_out_of_range = 4,
    data_limit_exceeded = 5, // R2T Limit Exceeded to a controller.
    unsupported_parameter = 6
};
const char* fatal_error_text(FatalError error) noexcept;

// PDU Common Header.
struct PduHeader {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint8_t header_bytes = 0; // HLEN, without digest.
    std::uint8_t data_offset = 0;  // PDO.
    std::uint32_t pdu_bytes = 0;   // PLEN, all included.
};
PduHeader read_pdu_header(std::span<const std::byte, common_header_bytes> bytes) noexcept;

// What both sides agreed on at ICReq and ICResp.
struct Digests {
    bool header = false;
    bool data = false;
};

// Where the parts of one PDU stand, once its common header has been found sound.
struct PduLayout {
    std::uint32_t header_bytes = 0; // With the header digest.
    std::uint32_t data_offset = 0;  // From the PDU's beginning; = header_bytes without data.
    std::uint32_t data_bytes = 0;
    bool header_digest = false;
    bool data_digest = false;
};

// Checks type, HLEN, PDO, PLEN and the digest flags against each other; nothing of the PDU but the
// common header has to be there. No value: the header is not sound.
std::optional<PduLayout> check_pdu_header(const PduHeader& header, const Digests& digests) noexcept;

// ICReq (HPDA, MAXR2T) and ICResp (CPDA, MAXH2CDATA) have one shape.
struct InitializeConnection {
    std::uint16_t format_version = 0; // PFV
    std::uint8_t data_alignment = 0;  // HPDA or CPDA: dwords - 1.
    Digests digests;
    std::uint32_t limit = 0; // MAXR2T (0's based) or MAXH2CDATA in bytes.
};
void put_initialize(std::span<std::byte, ic_bytes> out,
                    PduType type,
                    const InitializeConnection& values) noexcept;
InitializeConnection get_initialize(std::span<const std::byte, ic_bytes> pdu) noexcept;

// H2CData, C2HData and R2T have one shape: CCCID, TTAG, offset, length.
struct DataTransfer {
    std::uint16_t command_id = 0;
    std::uint16_t transfer_tag = 0; // Not in a C2HData.
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;
};
DataTransfer get_transfer(std::span<const std::byte> header) noexcept;

struct Termination {
    FatalError error = FatalError::none;
    std::uint32_t information = 0;
};
Termination get_termination(std::span<const std::byte> header) noexcept;

SubmissionEntry get_submission(std::span<const std::byte> header) noexcept;
CompletionEntry get_completion(std::span<const std::byte> header) noexcept;

// Writes PDU headers the way one connection wants them: digests and the peer's data alignment.
// Each returns how many bytes stand before the data (header, digest, padding), at most 128.
class PduWriter {
public:
    PduWriter() = default;
    PduWriter(Digests digests, std::uint8_t data_alignment) noexcept;

    std::size_t capsule_cmd(std::span<std::byte> out,
                            const SubmissionEntry& entry,
                            std::uint32_t data_bytes) const noexcept;
    std::size_t capsule_resp(std::span<std::byte> out, const CompletionEntry& entry) const noexcept;
    std::size_t data(std::span<std::byte> out,
                     PduType type, // h2c_data or c2h_data
                     const DataTransfer& transfer,
                     std::uint8_t flags) const noexcept;
    std::size_t r2t(std::span<std::byte> out, const DataTransfer& transfer) const noexcept;
    static std::size_t termination(std::span<std::byte> out,
                                   PduType type,
                                   const Termination& values,
                                   std::span<const std::byte> offending) noexcept;

    const Digests& digests() const noexcept { return digests_; }

private:
    std::size_t
    finish(std::span<std::byte> out, PduHeader header, std::uint32_t data_bytes) const noexcept;

    Digests digests_;
    std::uint32_t alignment_bytes_ = 4;
};

// True if the header's digest fits; `header` is the header with its digest at the end.
bool header_digest_fits(std::span<const std::byte> header) noexcept;

} // namespace drivers::wire::nvme
