// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace drivers::array {

// A range of bytes as large as asked of which only granules that were touched take memory (or, with
// a file behind it, disk). What is not mapped reads as zeros.
class SparseMemory {
public:
    SparseMemory(std::uint64_t size_bytes, std::uint32_t granule_bytes, const std::string& file);
    ~SparseMemory();
    SparseMemory(const SparseMemory&) = delete;
    SparseMemory& operator=(const SparseMemory&) = delete;

    // The caller keeps offsets within the size.
    void read(std::uint64_t offset, std::span<std::byte> out) const noexcept;
    void write(std::uint64_t offset, std::span<const std::byte> data) noexcept; // Mapped already.
    void zero(std::uint64_t offset, std::uint64_t size) noexcept; // Stays mapped if it was.
    std::byte* at(std::uint64_t offset) noexcept { return data_ + offset; }

    // How many of `size` bytes from there lie within it.
    std::uint64_t bytes_from(std::uint64_t offset, std::uint64_t size) const noexcept {
        return size < size_bytes_ - offset ? size : size_bytes_ - offset;
    }

    // Granules wholly or partly in the range that are not mapped yet.
    std::uint64_t unmapped_granules(std::uint64_t offset, std::uint64_t size) const noexcept;
    bool map(std::uint64_t offset, std::uint64_t size) noexcept; // False: the file's disk is full.
    // Whole granules lose their memory, parts of granules are zeroed. Returns granules given back.
    std::uint64_t unmap(std::uint64_t offset, std::uint64_t size) noexcept;

    bool is_mapped(std::uint64_t offset) const noexcept {
        return is_granule_mapped(offset / granule_bytes_);
    }
    // Length from `offset` over which all is mapped, or all is not.
    std::uint64_t alike_bytes(std::uint64_t offset) const noexcept;
    std::uint64_t nth_mapped(std::uint64_t index) const noexcept; // Offset of that mapped granule.
    std::uint64_t mapped_granules() const noexcept { return mapped_granules_; }
    std::uint32_t granule_bytes() const noexcept { return granule_bytes_; }

private:
    bool is_granule_mapped(std::uint64_t granule) const noexcept {
        return (bits_[granule / 64] >> (granule % 64) & 1U) != 0;
    }
    void find_file_data() noexcept;
    void release_granules(std::uint64_t first, std::uint64_t count) noexcept;

    std::uint64_t size_bytes_;
    std::uint32_t granule_bytes_;
    int file_ = -1;
    std::byte* data_ = nullptr;
    std::uint64_t* bits_ = nullptr; // One bit per granule, itself mapped lazily.
    std::uint64_t bits_bytes_ = 0;
    std::uint64_t mapped_granules_ = 0;
};

} // namespace drivers::array
