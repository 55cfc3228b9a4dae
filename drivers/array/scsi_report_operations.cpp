// SPDX-License-Identifier: Apache-2.0
// REPORT SUPPORTED OPERATION CODES (SPC-5 6.35), read from the table that commands run by.
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <vector>

namespace drivers::array {
namespace {

constexpr std::size_t timeouts_bytes = 12;

bool is_offered(const ScsiCall& call, const ScsiOperation& operation) {
    return operation.operation != wire::scsi::Operation::unmap || call.info().thin;
}

void put_timeouts(std::vector<std::byte>& data) { // SPC-5 table 283: no times stated
    const std::size_t at = data.size();
    data.resize(at + timeouts_bytes);
    wire::store_be16(data, at, timeouts_bytes - 2);
}

void give_all(ScsiCall& call, bool with_timeouts, std::uint32_t allocation) {
    std::vector<std::byte> data(4);
    for (const ScsiOperation& operation : scsi_operations()) {
        if (!is_offered(call, operation)) {
            continue;
        }
        const std::size_t at = data.size();
        const bool has_action = operation.service_action >= 0;
        data.resize(at + 8);
        data[at] = static_cast<std::byte>(operation.operation);
        wire::store_be16(
            data, at + 2, has_action ? static_cast<unsigned>(operation.service_action) : 0U);
        wire::store_u8(data, at + 5, (with_timeouts ? 0x02U : 0U) | (has_action ? 0x01U : 0U));
        wire::store_be16(
            data, at + 6, wire::scsi::cdb_bytes(static_cast<std::uint8_t>(operation.operation)));
        if (with_timeouts) {
            put_timeouts(data);
        }
    }
    wire::store_be32(data, 0, data.size() - 4);
    call.give(data, allocation);
}

struct Asked {
    std::uint8_t operation = 0;
    std::uint16_t service_action = 0;
    bool by_action = false;
    bool with_timeouts = false;
    std::uint32_t allocation = 0;
};

void give_one(ScsiCall& call, const Asked& asked) {
    const ScsiOperation* found = nullptr;
    for (const ScsiOperation& operation : scsi_operations()) {
        const bool same_action =
            operation.service_action < 0 || operation.service_action == asked.service_action;
        if (static_cast<std::uint8_t>(operation.operation) == asked.operation && same_action &&
            is_offered(call, operation)) {
            found = &operation;
            break;
        }
    }
    std::vector<std::byte> data(4);
    wire::store_u8(data, 1, 0x01); // not supported
    if (found != nullptr) {
        const std::size_t length = wire::scsi::cdb_bytes(asked.operation);
        wire::store_u8(data, 1, 0x03U | (asked.with_timeouts ? 0x80U : 0U));
        wire::store_be16(data, 2, length);
        const auto usage = std::as_bytes(std::span(found->usage)).first(length);
        data.insert(data.end(), usage.begin(), usage.end());
        if (asked.with_timeouts) {
            put_timeouts(data);
        }
    }
    call.give(data, asked.allocation);
}

} // namespace

namespace handlers {

void report_supported_operations(ScsiCall& call) {
    constexpr std::uint8_t all = 0;
    constexpr std::uint8_t one_without_action = 1;
    constexpr std::uint8_t one_with_action = 2;
    constexpr std::uint8_t one_either_way = 3;
    const std::uint8_t option = wire::load_u8(call.cdb(), 2) & 0x07U;
    Asked asked;
    asked.with_timeouts = (wire::load_u8(call.cdb(), 2) & 0x80U) != 0; // RCTD
    asked.operation = wire::load_u8(call.cdb(), 3);
    asked.service_action = wire::load_be16(call.cdb(), 4);
    asked.allocation = wire::load_be32(call.cdb(), 6);
    if (option == all) {
        give_all(call, asked.with_timeouts, asked.allocation);
        return;
    }
    const auto rows = scsi_operations();
    const bool has_actions = std::any_of(rows.begin(), rows.end(), [&](const ScsiOperation& row) {
        return static_cast<std::uint8_t>(row.operation) == asked.operation &&
               row.service_action >= 0;
    });
    const bool is_wrong = option > one_either_way ||
                          (option == one_without_action && has_actions) ||
                          (option == one_with_action && !has_actions);
    if (is_wrong) {
        call.fail_cdb_field(2);
        return;
    }
    give_one(call, asked);
}

} // namespace handlers
} // namespace drivers::array
