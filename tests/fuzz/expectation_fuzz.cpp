// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/expectation.h"
#include "profiles/file_error.h"
#include "tests/fuzz/scratch_file.h"

#include <cstdint>
#include <cstdlib>
#include <isa-l/crc.h>

using bench::integrity::Expectation;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: whether the checksum is to hold, and a file of what a LUN must hold, without it. Whoever
// can write the file can also make its checksum.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::ScratchFile file;
    if (size == 0) {
        return 0;
    }
    std::string content(data + 1, data + size);
    if (data[0] % 2 == 0) {
        std::uint64_t sum =
            crc32_iscsi(const_cast<unsigned char*>(data) + 1, static_cast<int>(size - 1), ~0U);
        for (int i = 0; i < 8; ++i, sum >>= 8U) {
            content += static_cast<char>(sum & 0xFFU);
        }
    }
    file.hold(content);
    try {
        const auto read = Expectation::load(file.path());
        std::uint64_t known = 0;
        for (std::uint64_t unit = 0; unit < read->unit_count(); unit += 1 + unit / 2) {
            known += read->packed(unit) != 0 ? 1U : 0U;
        }
        for (const auto& unit : read->unsettled()) {
            if (unit.unit >= read->unit_count()) {
                std::abort(); // It would be written beside the map.
            }
        }
        if (known > read->unit_count()) {
            std::abort();
        }
    } catch (const profiles::FileError&) {
        return 0;
    }
    return 0;
}
