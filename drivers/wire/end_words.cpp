// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/end_words.h"

#include "drivers/wire/scsi_sense.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <string_view>

namespace drivers::wire {

namespace {

struct Word {
    std::uint32_t number;
    std::string_view text;
};

constexpr Word statuses[] = { // SAM-5 table 40, and what iSCSI adds.
    {0x02, "CHECK CONDITION without sense"},
    {0x04, "CONDITION MET"},
    {0x08, "BUSY"},
    {0x18, "RESERVATION CONFLICT"},
    {0x28, "TASK SET FULL"},
    {0x30, "ACA ACTIVE"},
    {0x40, "TASK ABORTED"},
    {scsi::residual_underflow >> 24U,
     "residual underflow: called good with fewer bytes than asked for"},
    {scsi::residual_overflow >> 24U,
     "residual overflow: called good with more bytes than asked for"}};

constexpr Word keys[] = { // SPC-5 table 49
    {0x0, "NO SENSE"},
    {0x1, "RECOVERED ERROR"},
    {0x2, "NOT READY"},
    {0x3, "MEDIUM ERROR"},
    {0x4, "HARDWARE ERROR"},
    {0x5, "ILLEGAL REQUEST"},
    {0x6, "UNIT ATTENTION"},
    {0x7, "DATA PROTECT"},
    {0x8, "BLANK CHECK"},
    {0xA, "COPY ABORTED"},
    {0xB, "ABORTED COMMAND"},
    {0xD, "VOLUME OVERFLOW"},
    {0xE, "MISCOMPARE"}};

constexpr Word additional[] = { // SPC-5 annex F
    {0x0400, "cause not reportable"},
    {0x0401, "becoming ready"},
    {0x0402, "initializing command required (stopped)"},
    {0x0403, "manual intervention required"},
    {0x0404, "format in progress"},
    {0x0407, "operation in progress"},
    {0x0409, "self-test in progress"},
    {0x040A, "asymmetric access state transition"},
    {0x040B, "target port in standby state"},
    {0x040C, "target port in unavailable state"},
    {0x0414, "space allocation in progress"},
    {0x0C00, "write error"},
    {0x0C02, "write error, auto reallocation failed"},
    {0x0C0C, "unexpected unsolicited data"},
    {0x0C0D, "not enough unsolicited data"},
    {0x1001, "guard check failed"},
    {0x1002, "application tag check failed"},
    {0x1003, "reference tag check failed"},
    {0x1100, "unrecovered read error"},
    {0x1104, "unrecovered read error, auto reallocate failed"},
    {0x1A00, "parameter list length error"},
    {0x1D00, "miscompare during verify"},
    {0x2000, "invalid command operation code"},
    {0x2100, "LBA out of range"},
    {0x2400, "invalid field in CDB"},
    {0x2500, "logical unit not supported"},
    {0x2600, "invalid field in parameter list"},
    {0x2700, "write protected"},
    {0x2701, "hardware write protected"},
    {0x2702, "software write protected"},
    {0x2707, "space allocation failed write protect: the thin pool is exhausted"},
    {0x2900, "power on, reset or bus device reset"},
    {0x2902, "bus reset"},
    {0x2903, "bus device reset"},
    {0x2907, "I_T nexus loss"},
    {0x2A01, "mode parameters changed"},
    {0x2A03, "reservations preempted"},
    {0x2A04, "reservations released"},
    {0x2A05, "registrations preempted"},
    {0x2A06, "asymmetric access state changed"},
    {0x2A09, "capacity data has changed"},
    {0x2F00, "commands cleared by another initiator"},
    {0x3807, "thin provisioning soft threshold reached"},
    {0x3A00, "medium not present"},
    {0x3E01, "logical unit failure"},
    {0x3F01, "microcode has been changed"},
    {0x3F03, "INQUIRY data has changed"},
    {0x3F05, "device identifier changed"},
    {0x3F0E, "reported LUNs data has changed"},
    {0x4400, "internal target failure"},
    {0x4705, "protocol service CRC error"},
    {0x5504, "insufficient registration resources"}};

constexpr Word nvme_statuses[] = { // NVM Express Base 2.0 figures 94 to 99, NVM Command Set 1.0 12.
    {0x0001, "Invalid Command Opcode"},
    {0x0002, "Invalid Field in Command"},
    {0x0003, "Command ID Conflict"},
    {0x0004, "Data Transfer Error"},
    {0x0005, "Commands Aborted due to Power Loss Notification"},
    {0x0006, "Internal Error"},
    {0x0007, "Command Abort Requested"},
    {0x0008, "Command Aborted due to SQ Deletion"},
    {0x000B, "Invalid Namespace or Format"},
    {0x0020, "Namespace is Write Protected"},
    {0x0021, "Command Interrupted"},
    {0x0022, "Transient Transport Error"},
    {0x0080, "LBA Out of Range"},
    {0x0081, "Capacity Exceeded: the thin pool is exhausted"},
    {0x0082, "Namespace Not Ready"},
    {0x0083, "Reservation Conflict"},
    {0x0084, "Format in Progress"},
    {0x0180, "Conflicting Attributes"},
    {0x0181, "Invalid Protection Information"},
    {0x0182, "Attempted Write to Read Only Range"},
    {0x0280, "Write Fault"},
    {0x0281, "Unrecovered Read Error"},
    {0x0282, "End-to-end Guard Check Error"},
    {0x0283, "End-to-end Application Tag Check Error"},
    {0x0284, "End-to-end Reference Tag Check Error"},
    {0x0285, "Compare Failure"},
    {0x0286, "Access Denied"},
    {0x0287, "Deallocated or Unwritten Logical Block"},
    {0x0300, "Internal Path Error"},
    {0x0301, "Asymmetric Access Persistent Loss"},
    {0x0302, "Asymmetric Access Inaccessible"},
    {0x0303, "Asymmetric Access Transition"},
    {0x0360, "Controller Pathing Error"},
    {0x0370, "Host Pathing Error"},
    {0x0371, "Command Aborted By Host"}};

std::string_view find(std::span<const Word> words, std::uint32_t number) {
    const auto found = std::find_if(
        words.begin(), words.end(), [number](const Word& word) { return word.number == number; });
    return found == words.end() ? std::string_view{} : found->text;
}

} // namespace

std::string end_words(std::uint32_t sense) {
    if (sense == 0) {
        return "";
    }
    if (sense >> 24U != 0) {
        const std::string_view known = find(statuses, sense >> 24U);
        return known.empty() ? "a status that no standard names" : std::string(known);
    }
    if (sense >> 16U == 0) { // Key "no sense" ends no command badly: this is NVMe's.
        const std::string_view known = find(nvme_statuses, sense);
        return known.empty() ? "a status that is not known here" : std::string(known);
    }
    const std::string_view key = find(keys, sense >> 16U);
    const std::string_view words = find(additional, sense & 0xffffU);
    std::string out = key.empty() ? fmt::format("sense key {:x}", sense >> 16U) : std::string(key);
    if (!words.empty()) {
        out += fmt::format(": {}", words);
    } else if ((sense & 0xffffU) != 0) {
        out += fmt::format(": additional sense {:02x}/{:02x}", sense >> 8U & 0xffU, sense & 0xffU);
    }
    return out;
}

std::string sense_text(std::uint32_t sense) {
    if (sense == 0) {
        return "no sense";
    }
    const std::string words = end_words(sense);
    if (sense == scsi::residual_underflow || sense == scsi::residual_overflow) {
        return words; // Of a command that was called good.
    }
    if (sense >> 24U != 0) {
        return fmt::format("SCSI status {:02x} ({})", sense >> 24U, words);
    }
    return sense >> 16U == 0
               ? fmt::format("NVMe status {:x}/{:02x} ({})", sense >> 8U, sense & 0xffU, words)
               : fmt::format("sense {:06x} ({})", sense, words);
}

} // namespace drivers::wire
