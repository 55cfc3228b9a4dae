// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/sparse_memory.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <system_error>

namespace drivers::array {

namespace {

[[noreturn]] void fail(const std::string& what, int error) {
    throw HostError(
        fmt::format("emulated volume: {}: {}", what, std::generic_category().message(error)));
}

int open_backing(const std::string& file, std::uint64_t size_bytes) {
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        fail(fmt::format("backing file {} cannot be opened", file), errno);
    }
    if (::ftruncate(descriptor, static_cast<off_t>(size_bytes)) != 0) {
        const int error = errno;
        ::close(descriptor);
        fail(fmt::format("backing file {} cannot be sized to {} bytes", file, size_bytes), error);
    }
    return descriptor;
}

void* reserve(std::uint64_t bytes, int descriptor) noexcept {
    const int kind = descriptor < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, kind, descriptor, 0);
}

} // namespace

SparseMemory::SparseMemory(std::uint64_t size_bytes,
                           std::uint32_t granule_bytes,
                           const std::string& file)
    : size_bytes_(size_bytes)
    , granule_bytes_(granule_bytes) {
    if (size_bytes == 0 || granule_bytes < 4096 || granule_bytes % 4096 != 0) {
        throw UsageError(fmt::format("emulated volume: {} bytes in granules of {}; wanted more "
                                     "than 0, in granules of a multiple of 4096",
                                     size_bytes,
                                     granule_bytes));
    }
    if (!file.empty()) {
        file_ = open_backing(file, size_bytes);
    }
    bits_bytes_ = (size_bytes / granule_bytes / 64 + 2) * 8;
    void* data = reserve(size_bytes, file_);
    void* bits = reserve(bits_bytes_, -1);
    if (data == MAP_FAILED || bits == MAP_FAILED) {
        const int error = errno;
        if (data != MAP_FAILED) {
            ::munmap(data, size_bytes);
        }
        if (file_ >= 0) {
            ::close(file_);
        }
        fail(fmt::format("{} bytes of address space cannot be reserved", size_bytes), error);
    }
    data_ = static_cast<std::byte*>(data);
    bits_ = static_cast<std::uint64_t*>(bits);
    ::madvise(data, size_bytes, MADV_NOHUGEPAGE); // A touched page is 4 KiB, not 2 MiB.
    find_file_data();
}

SparseMemory::~SparseMemory() {
    ::munmap(data_, size_bytes_);
    ::munmap(bits_, bits_bytes_);
    if (file_ >= 0) {
        ::close(file_);
    }
}

void SparseMemory::find_file_data() noexcept { // What an earlier life left in the file is mapped.
    off_t at = file_ < 0 ? -1 : ::lseek(file_, 0, SEEK_DATA);
    while (at >= 0) {
        const off_t end = ::lseek(file_, at, SEEK_HOLE);
        const auto last = (static_cast<std::uint64_t>(end) - 1) / granule_bytes_;
        for (auto granule = static_cast<std::uint64_t>(at) / granule_bytes_; granule <= last;
             ++granule) {
            mapped_granules_ += is_granule_mapped(granule) ? 0U : 1U;
            bits_[granule / 64] |= std::uint64_t{1} << (granule % 64);
        }
        at = ::lseek(file_, end, SEEK_DATA);
    }
}

std::uint64_t SparseMemory::alike_bytes(std::uint64_t offset) const noexcept {
    const std::uint64_t first = offset / granule_bytes_;
    const std::uint64_t granules = (size_bytes_ + granule_bytes_ - 1) / granule_bytes_;
    const bool mapped = is_granule_mapped(first);
    const std::uint64_t uniform = mapped ? ~std::uint64_t{0} : 0;
    std::uint64_t granule = first + 1;
    while (granule < granules) {
        if (granule % 64 == 0 && bits_[granule / 64] == uniform) {
            granule += 64;
        } else if (is_granule_mapped(granule) == mapped) {
            ++granule;
        } else {
            break;
        }
    }
    return std::min(granule * granule_bytes_, size_bytes_) - offset;
}

std::uint64_t SparseMemory::nth_mapped(std::uint64_t index) const noexcept {
    std::uint64_t word = 0;
    for (; index >= static_cast<std::uint64_t>(std::popcount(bits_[word])); ++word) {
        index -= static_cast<std::uint64_t>(std::popcount(bits_[word]));
    }
    std::uint64_t bits = bits_[word];
    for (; index > 0; --index) {
        bits &= bits - 1;
    }
    return (word * 64 + static_cast<std::uint64_t>(std::countr_zero(bits))) * granule_bytes_;
}

void SparseMemory::read(std::uint64_t offset, std::span<std::byte> out) const noexcept {
    while (!out.empty()) {
        const bool mapped = is_mapped(offset);
        const std::size_t run = std::min<std::uint64_t>(granule_bytes_ - offset % granule_bytes_,
                                                        out.size()); // Within one granule.
        if (mapped) {
            std::memcpy(out.data(), data_ + offset, run);
        } else {
            std::memset(out.data(), 0, run);
        }
        offset += run;
        out = out.subspan(run);
    }
}

void SparseMemory::write(std::uint64_t offset, std::span<const std::byte> data) noexcept {
    std::memcpy(data_ + offset, data.data(), data.size());
}

void SparseMemory::zero(std::uint64_t offset, std::uint64_t size) noexcept {
    while (size > 0) {
        const std::uint64_t run = std::min(size, alike_bytes(offset));
        if (is_mapped(offset)) {
            std::memset(data_ + offset, 0, run);
        }
        offset += run;
        size -= run;
    }
}

std::uint64_t SparseMemory::unmapped_granules(std::uint64_t offset,
                                              std::uint64_t size) const noexcept {
    std::uint64_t count = 0;
    for (std::uint64_t granule = offset / granule_bytes_;
         size > 0 && granule <= (offset + size - 1) / granule_bytes_;
         ++granule) {
        count += is_granule_mapped(granule) ? 0U : 1U;
    }
    return count;
}

bool SparseMemory::map(std::uint64_t offset, std::uint64_t size) noexcept {
    for (std::uint64_t granule = offset / granule_bytes_;
         size > 0 && granule <= (offset + size - 1) / granule_bytes_;
         ++granule) {
        if (is_granule_mapped(granule)) {
            continue;
        }
        const std::uint64_t at = granule * granule_bytes_;
        const std::uint64_t length = std::min<std::uint64_t>(granule_bytes_, size_bytes_ - at);
        // Space is taken beforehand: a store into a hole of a full disk would be a SIGBUS.
        if (file_ >= 0 &&
            ::posix_fallocate(file_, static_cast<off_t>(at), static_cast<off_t>(length)) != 0) {
            return false;
        }
        bits_[granule / 64] |= std::uint64_t{1} << (granule % 64);
        ++mapped_granules_;
    }
    return true;
}

void SparseMemory::release_granules(std::uint64_t first, std::uint64_t count) noexcept {
    const std::uint64_t at = first * granule_bytes_;
    const std::uint64_t length = std::min(count * granule_bytes_, size_bytes_ - at);
    if (file_ < 0) {
        ::madvise(data_ + at, length, MADV_DONTNEED);
    } else if (::fallocate(file_,
                           FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                           static_cast<off_t>(at),
                           static_cast<off_t>(length)) != 0) {
        std::memset(data_ + at, 0, length); // This file system makes no holes.
    }
    for (std::uint64_t granule = first; granule < first + count; ++granule) {
        bits_[granule / 64] &= ~(std::uint64_t{1} << (granule % 64));
    }
    mapped_granules_ -= count;
}

std::uint64_t SparseMemory::unmap(std::uint64_t offset, std::uint64_t size) noexcept {
    const std::uint64_t before = mapped_granules_;
    const std::uint64_t end = offset + size;
    while (offset < end) {
        const std::uint64_t run = std::min(end - offset, alike_bytes(offset));
        const std::uint64_t first = (offset + granule_bytes_ - 1) / granule_bytes_;
        const std::uint64_t last = offset + run == size_bytes_
                                       ? (size_bytes_ + granule_bytes_ - 1) / granule_bytes_
                                       : (offset + run) / granule_bytes_;
        if (is_mapped(offset) && first < last) {
            zero(offset, first * granule_bytes_ - offset);
            release_granules(first, last - first);
            const std::uint64_t released_end = std::min(last * granule_bytes_, offset + run);
            zero(released_end, offset + run - released_end);
        } else if (is_mapped(offset)) {
            zero(offset, run);
        }
        offset += run;
    }
    return before - mapped_granules_;
}

} // namespace drivers::array
