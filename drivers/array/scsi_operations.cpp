// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/scsi_call.h"

#include <string_view>

namespace drivers::array {
namespace {

using wire::scsi::Operation;

enum Trait : unsigned {
    plain = 0,
    any_state = 1, // Answers on a path that is not active.
    past_old = 2,  // A RESERVE(6) by another does not stop it.
    medium = 4     // Needs a started unit.
};

constexpr unsigned hex_value(char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
}

struct Shape {
    ScsiHandler handler = nullptr;
    int service_action = -1;
    std::string_view mask; // The bits in use after the operation code, in hexadecimal.
};

consteval ScsiOperation row(Operation operation, AccessKind access, unsigned traits, Shape shape) {
    ScsiOperation out{.operation = operation,
                      .service_action = shape.service_action,
                      .access = access,
                      .in_any_access_state = (traits & any_state) != 0,
                      .ignores_old_reservation = (traits & past_old) != 0,
                      .needs_medium = (traits & medium) != 0,
                      .handler = shape.handler};
    out.usage[0] = static_cast<std::uint8_t>(operation);
    for (std::size_t i = 0; i + 1 < shape.mask.size(); i += 2) {
        out.usage[1 + i / 2] = static_cast<std::uint8_t>(hex_value(shape.mask[i]) << 4U |
                                                         hex_value(shape.mask[i + 1]));
    }
    if (shape.service_action >= 0) { // The service action itself is given by value (SPC-5 6.35.3).
        out.usage[1] = static_cast<std::uint8_t>((out.usage[1] & 0xE0U) |
                                                 static_cast<unsigned>(shape.service_action));
    }
    return out;
}

constexpr AccessKind none = AccessKind::none;
constexpr AccessKind looks = AccessKind::read;
constexpr AccessKind changes = AccessKind::write;

constexpr std::string_view range_6 = "1fffffff07";
constexpr std::string_view range_10 = "f8ffffffff3fffff07";
constexpr std::string_view range_12 = "f8ffffffffffffffff3f07";
constexpr std::string_view range_16 = "f8ffffffffffffffffffffffff3f07";
constexpr std::string_view verify_10_mask = "f6ffffffff3fffff07";
constexpr std::string_view verify_12_mask = "f6ffffffffffffffff3f07";
constexpr std::string_view verify_16_mask = "f6ffffffffffffffffffffffff3f07";
constexpr std::string_view cache_10 = "02ffffffff3fffff07";
constexpr std::string_view cache_16 = "02ffffffffffffffffffffffff3f07";

constexpr std::array table{
    row(Operation::test_unit_ready, none, medium, {handlers::test_unit_ready, -1, "0000000007"}),
    row(Operation::request_sense,
        none,
        any_state | past_old,
        {handlers::request_sense, -1, "010000ff07"}),
    row(Operation::read_6, looks, medium, {handlers::read, -1, range_6}),
    row(Operation::write_6, changes, medium, {handlers::write, -1, range_6}),
    row(Operation::inquiry, none, any_state | past_old, {handlers::inquiry, -1, "01ffffff07"}),
    row(Operation::mode_select_6, changes, plain, {handlers::mode_select, -1, "110000ff07"}),
    row(Operation::reserve_6, none, plain, {handlers::reserve_old, -1, "0000000007"}),
    row(Operation::release_6, none, past_old, {handlers::release_old, -1, "0000000007"}),
    row(Operation::mode_sense_6, none, any_state, {handlers::mode_sense, -1, "08ffffff07"}),
    row(Operation::start_stop_unit, none, plain, {handlers::start_stop_unit, -1, "010ff7f707"}),
    row(Operation::prevent_allow_medium_removal,
        none,
        past_old,
        {handlers::prevent_allow, -1, "0000000307"}),
    row(Operation::read_capacity_10,
        none,
        medium,
        {handlers::read_capacity_10, -1, "00ffffffff00000107"}),
    row(Operation::read_10, looks, medium, {handlers::read, -1, range_10}),
    row(Operation::write_10, changes, medium, {handlers::write, -1, range_10}),
    row(Operation::write_and_verify_10, changes, medium, {handlers::write, -1, verify_10_mask}),
    row(Operation::verify_10, looks, medium, {handlers::verify, -1, verify_10_mask}),
    row(Operation::prefetch_10, looks, medium, {handlers::prefetch, -1, cache_10}),
    row(Operation::synchronize_cache_10,
        changes,
        medium,
        {handlers::synchronize_cache, -1, cache_10}),
    row(Operation::read_defect_data_10,
        looks,
        plain,
        {handlers::read_defect_data_10, -1, "001f00000000ffff07"}),
    row(Operation::write_same_10,
        changes,
        medium,
        {handlers::write_same, -1, "f8ffffffff3fffff07"}),
    row(Operation::unmap, changes, medium, {handlers::unmap, -1, "01000000003fffff07"}),
    row(Operation::mode_select_10,
        changes,
        plain,
        {handlers::mode_select, -1, "110000000000ffff07"}),
    row(Operation::reserve_10, none, plain, {handlers::reserve_old, -1, "000000000000000007"}),
    row(Operation::release_10, none, past_old, {handlers::release_old, -1, "000000000000000007"}),
    row(Operation::mode_sense_10,
        none,
        any_state,
        {handlers::mode_sense, -1, "18ffff000000ffff07"}),
    row(Operation::persistent_reserve_in,
        none,
        any_state,
        {handlers::persistent_reserve_in, 0x00, "ff0000000000ffff07"}),
    row(Operation::persistent_reserve_in,
        none,
        any_state,
        {handlers::persistent_reserve_in, 0x01, "ff0000000000ffff07"}),
    row(Operation::persistent_reserve_in,
        none,
        any_state,
        {handlers::persistent_reserve_in, 0x02, "ff0000000000ffff07"}),
    row(Operation::persistent_reserve_in,
        none,
        any_state,
        {handlers::persistent_reserve_in, 0x03, "ff0000000000ffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x00, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x01, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x02, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x03, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x04, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x05, "1fff0000ffffffff07"}),
    row(Operation::persistent_reserve_out,
        none,
        any_state,
        {handlers::persistent_reserve_out, 0x06, "1fff0000ffffffff07"}),
    row(Operation::read_16, looks, medium, {handlers::read, -1, range_16}),
    row(Operation::compare_and_write,
        changes,
        medium,
        {handlers::compare_and_write, -1, "f8ffffffffffffffff000000ff3f07"}),
    row(Operation::write_16, changes, medium, {handlers::write, -1, range_16}),
    row(Operation::orwrite_16, changes, medium, {handlers::orwrite, -1, range_16}),
    row(Operation::write_and_verify_16, changes, medium, {handlers::write, -1, verify_16_mask}),
    row(Operation::verify_16, looks, medium, {handlers::verify, -1, verify_16_mask}),
    row(Operation::prefetch_16, looks, medium, {handlers::prefetch, -1, cache_16}),
    row(Operation::synchronize_cache_16,
        changes,
        medium,
        {handlers::synchronize_cache, -1, cache_16}),
    row(Operation::write_same_16,
        changes,
        medium,
        {handlers::write_same, -1, "f9ffffffffffffffffffffffff3f07"}),
    row(Operation::write_atomic_16,
        changes,
        medium,
        {handlers::write, -1, "f8ffffffffffffffff0000ffff3f07"}),
    row(Operation::service_action_in_16,
        none,
        medium,
        {handlers::read_capacity_16, 0x10, "1fffffffffffffffffffffffff0107"}),
    row(Operation::service_action_in_16,
        looks,
        medium,
        {handlers::get_lba_status, 0x12, "1fffffffffffffffffffffffff0007"}),
    row(Operation::report_luns,
        none,
        any_state | past_old,
        {handlers::report_luns, -1, "00ff000000ffffffff0007"}),
    row(Operation::maintenance_in,
        none,
        any_state,
        {handlers::report_target_port_groups, 0x0A, "ff00000000ffffffff0007"}),
    row(Operation::maintenance_in,
        none,
        any_state,
        {handlers::report_supported_operations, 0x0C, "1f87ffffffffffffff0007"}),
    row(Operation::read_12, looks, medium, {handlers::read, -1, range_12}),
    row(Operation::write_12, changes, medium, {handlers::write, -1, range_12}),
    row(Operation::write_and_verify_12, changes, medium, {handlers::write, -1, verify_12_mask}),
    row(Operation::verify_12, looks, medium, {handlers::verify, -1, verify_12_mask}),
    row(Operation::read_defect_data_12,
        looks,
        plain,
        {handlers::read_defect_data_12, -1, "1fffffffffffffffffff07"}),
};

// First row of each operation code, so that finding one is one look.
consteval std::array<std::uint8_t, 256> make_index() {
    std::array<std::uint8_t, 256> index{};
    index.fill(0xFF);
    for (std::size_t i = std::size(table); i-- > 0;) {
        index[static_cast<std::uint8_t>(table[i].operation)] = static_cast<std::uint8_t>(i);
    }
    return index;
}
constexpr std::array<std::uint8_t, 256> first_row = make_index();

} // namespace

std::span<const ScsiOperation> scsi_operations() noexcept {
    return table;
}

const ScsiOperation* find_operation(wire::Bytes cdb, bool& invalid_action) noexcept {
    invalid_action = false;
    std::size_t at = first_row[wire::load_u8(cdb, 0)];
    if (at == 0xFF) {
        return nullptr;
    }
    const Operation operation = table[at].operation;
    const auto action = static_cast<int>(wire::load_u8(cdb, 1) & 0x1FU);
    for (; at < std::size(table) && table[at].operation == operation; ++at) {
        if (table[at].service_action < 0 || table[at].service_action == action) {
            return &table[at];
        }
    }
    invalid_action = true;
    return nullptr;
}

} // namespace drivers::array
