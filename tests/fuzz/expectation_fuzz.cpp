// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/expectation.h"
#include "profiles/file_error.h"
#include "tests/fuzz/scratch_file.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <isa-l/crc.h>

using bench::integrity::Expectation;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::uint64_t sum_of(std::string& content, std::size_t bytes) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    auto* from = reinterpret_cast<unsigned char*>(content.data());
    return crc32_iscsi(from, static_cast<int>(bytes), ~0U);
}

// Behind the LUN's id, where the head says that this ends.
void sum_head(std::string& content) {
    constexpr std::size_t head_bytes = 15 * 8;
    constexpr std::size_t id_length_at = 11 * 8;
    if (content.size() < head_bytes) {
        return;
    }
    std::uint64_t id_bytes = 0;
    std::memcpy(&id_bytes, content.data() + id_length_at, sizeof id_bytes);
    const std::size_t at = head_bytes + (std::min<std::uint64_t>(id_bytes, 1024) + 7) / 8 * 8;
    if (at + 8 <= content.size()) {
        const std::uint64_t sum = sum_of(content, at);
        std::memcpy(content.data() + at, &sum, sizeof sum);
    }
}

} // namespace

// Input: whether the checksums of all (even) and of the head (second bit) are to hold, and a file
// of what a LUN must hold, without the last of them. Whoever can write the file can also make its
// checksums.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const fuzz::ScratchFile file;
    if (size == 0) {
        return 0;
    }
    std::string content(data + 1, data + size);
    if ((data[0] & 2U) != 0) {
        sum_head(content);
    }
    if (data[0] % 2 == 0) {
        std::uint64_t sum = sum_of(content, content.size());
        for (int i = 0; i < 8; ++i, sum >>= 8U) {
            content += static_cast<char>(sum & 0xFFU);
        }
    }
    file.hold(content);
    try {
        const auto read = Expectation::load(file.path(), [](const auto& written) {
            const bool has_place =
                written.block_bytes == 0 || written.from_bytes + written.size_bytes <=
                                                written.block_count * written.block_bytes;
            if (!has_place) {
                std::abort(); // It would be read beyond the LUN's end.
            }
            return true;
        });
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
