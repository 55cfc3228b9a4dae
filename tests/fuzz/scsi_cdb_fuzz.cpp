// SPDX-License-Identifier: Apache-2.0
// Any commands with any data against a small unit: every one ends, and none gives more than asked.
#include "drivers/array/scsi_target.h"
#include "drivers/wire/scsi_cdb.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace {

drivers::array::ArraySettings small_array() {
    drivers::array::ArraySettings settings;
    drivers::array::VolumeSettings volume;
    volume.identity = {"ARRBENCH", "FUZZ", "0001", "F0", "62f0a1b2c3d4e5f60000000000000001"};
    volume.block_count = 2048;
    settings.volumes.push_back(volume);
    return settings;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace drivers::array;
    constexpr std::size_t head_bytes = 20; // LUN, length of data, expected length, CDB.
    static ArrayCore core(small_array());
    static BufferPool pool(std::size_t{64} << 20U);
    static ScsiTarget target(core, pool);
    static const NexusId nexus = target.open_nexus({"iqn.host", 1, 0}).value();
    drivers::wire::Bytes rest = std::as_bytes(std::span(data, size));
    while (rest.size() >= head_bytes) {
        std::array<std::byte, 16> cdb{};
        std::copy_n(rest.begin() + 4, cdb.size(), cdb.begin());
        ScsiRequest request;
        request.cdb = cdb;
        if (rest[0] != std::byte{0xFF}) {
            request.lun = std::to_integer<std::uint16_t>(rest[0] & std::byte{1});
        }
        request.nexus = nexus;
        request.expected_bytes = drivers::wire::load_be16(rest, 2);
        const std::size_t given =
            std::min(rest.size() - head_bytes, std::to_integer<std::size_t>(rest[1]) * 4);
        const std::uint64_t wanted = target.data_out_bytes(request);
        std::vector<std::byte> out(rest.begin() + head_bytes,
                                   rest.begin() + static_cast<std::ptrdiff_t>(head_bytes + given));
        out.resize(std::min<std::uint64_t>({wanted, request.expected_bytes, 65536}));
        request.data_out = out;
        ScsiReply reply;
        target.execute(request, reply, {});
        if (reply.data_in_bytes > request.expected_bytes ||
            reply.data_in_bytes > reply.data_in.bytes().size() ||
            (reply.status == drivers::wire::scsi::Status::check_condition &&
             !drivers::wire::scsi::parse_sense(reply.sense.view()))) {
            std::abort();
        }
        target.take_aborts();
        rest = rest.subspan(head_bytes + given);
    }
    if (pool.lent_bytes() != 0) {
        std::abort();
    }
    return 0;
}
