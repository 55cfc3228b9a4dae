// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/cached_copies.h"

#include <algorithm>

namespace drivers::array {

void CachedCopies::keep(std::uint64_t lba, std::span<const std::byte> data, std::uint64_t bytes) {
    for (; !data.empty(); data = data.subspan(block_bytes_), ++lba) {
        const auto block = data.first(block_bytes_);
        copies_[lba] = {{block.begin(), block.end()}, bytes_read_ + bytes};
    }
}

void CachedCopies::forget(std::uint64_t lba, std::uint64_t blocks) noexcept {
    copies_.erase(copies_.lower_bound(lba), copies_.lower_bound(lba + blocks));
}

void CachedCopies::show(std::uint64_t lba, std::span<std::byte> data) noexcept {
    bytes_read_ += data.size();
    const std::uint64_t end = lba + data.size() / block_bytes_;
    for (auto at = copies_.lower_bound(lba); at != copies_.end() && at->first < end;) {
        if (at->second.until < bytes_read_) {
            at = copies_.erase(at); // It has left the cache.
            continue;
        }
        const auto where = data.subspan((at->first - lba) * block_bytes_, block_bytes_);
        std::copy(at->second.data.begin(), at->second.data.end(), where.begin());
        ++at;
    }
}

} // namespace drivers::array
