// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace drivers::array {

// Blocks that an array's cache still shows although they were never stored: until they are written
// again, until so much else was read that they leave the cache, or until the power goes.
class CachedCopies {
public:
    explicit CachedCopies(std::uint32_t block_bytes)
        : block_bytes_(block_bytes) {}

    // Whole blocks, shown until `bytes` more were read.
    void keep(std::uint64_t lba, std::span<const std::byte> data, std::uint64_t bytes);
    void forget(std::uint64_t lba, std::uint64_t blocks) noexcept;
    void clear() noexcept { copies_.clear(); }
    // Puts what is cached over what was read from `lba`, and counts the read.
    void show(std::uint64_t lba, std::span<std::byte> data) noexcept;

private:
    struct Copy {
        std::vector<std::byte> data;
        std::uint64_t until = 0; // Bytes read.
    };
    std::uint32_t block_bytes_;
    std::uint64_t bytes_read_ = 0;
    std::map<std::uint64_t, Copy> copies_; // By LBA.
};

} // namespace drivers::array
