// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/lun_facts.h"
#include "drivers/wire/lun_list.h"

#include <cstddef>
#include <cstdint>

// What a LUN says of itself is read without a step outside, whatever it says.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drivers::iscsi;
    using namespace drivers::wire::scsi;
    const drivers::wire::Bytes bytes = std::as_bytes(std::span(data, size));
    LunFacts facts;
    facts.inquiry = parse_inquiry(bytes).value_or(InquiryData{});
    facts.serial = parse_serial(bytes);
    facts.ids = parse_device_ids(bytes);
    facts.limits = parse_block_limits(bytes).value_or(BlockLimits{});
    facts.provisioning = parse_provisioning(bytes).value_or(Provisioning{});
    facts.capacity = parse_capacity(bytes).value_or(Capacity{});
    facts.cache = parse_cache_mode(bytes).value_or(CacheMode{});
    facts.groups = parse_port_groups(bytes);
    facts.reserved_by = parse_reservation(bytes);
    (void)facts.identity();
    (void)facts.geometry();
    (void)access_of(facts);
    (void)parse_capacity_10(bytes);
    if (const auto list = parse_lun_list(bytes)) {
        for (const std::uint64_t field : list->fields) {
            (void)plain_lun(field);
            (void)lun_field_text(field);
        }
    }
    return 0;
}
