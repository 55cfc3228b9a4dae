// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/signatures.h"

#include "bench/campaign/whole_access.h"
#include "drivers/api/errors.h"

#include <blkid.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <system_error>
#include <vector>

namespace bench::campaign {

namespace {

constexpr std::uint64_t head_bytes = 4U << 20U;
constexpr std::uint64_t tail_bytes = 1U << 20U;

[[noreturn]] void fail(const char* what) {
    throw drivers::HostError(fmt::format(
        "looking for somebody's data: {}: {}", what, std::generic_category().message(errno)));
}

// As large as the LUN, but only what was copied takes memory.
class SparseCopy {
public:
    explicit SparseCopy(std::uint64_t size_bytes)
        : fd_(::memfd_create("lun", MFD_CLOEXEC)) {
        if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
            const int error = errno;
            close();
            errno = error;
            fail("a memory file of the LUN's size");
        }
    }
    ~SparseCopy() { close(); }
    SparseCopy(const SparseCopy&) = delete;
    SparseCopy& operator=(const SparseCopy&) = delete;

    int fd() const { return fd_; }

    void copy(drivers::BlockDriver& driver, std::uint64_t from_bytes, std::uint64_t size_bytes) {
        std::vector<std::byte> piece(size_bytes);
        read_whole(driver, from_bytes, piece);
        std::size_t done = 0;
        while (done < piece.size()) {
            const ssize_t wrote = ::pwrite(fd_,
                                           piece.data() + done,
                                           piece.size() - done,
                                           static_cast<off_t>(from_bytes + done));
            if (wrote <= 0) {
                fail("copying the LUN's ends");
            }
            done += static_cast<std::size_t>(wrote);
        }
    }

private:
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    int fd_;
};

struct FreeProbe {
    void operator()(blkid_probe probe) const { blkid_free_probe(probe); }
};

std::string text_of(blkid_probe probe, const char* key) {
    const char* value = nullptr;
    return blkid_probe_lookup_value(probe, key, &value, nullptr) == 0 ? value : "";
}

} // namespace

std::string find_signature(drivers::BlockDriver& driver) {
    const drivers::Geometry& geometry = driver.geometry();
    const std::uint64_t block = geometry.block_bytes;
    const std::uint64_t size = block * geometry.block_count;
    SparseCopy copy(size);
    copy.copy(driver, 0, std::min(size, head_bytes));
    if (size > head_bytes) {
        const std::uint64_t rest = std::min(size - head_bytes, tail_bytes);
        copy.copy(driver, size - rest, rest);
    }
    const std::unique_ptr<std::remove_pointer_t<blkid_probe>, FreeProbe> probe(blkid_new_probe());
    if (!probe || blkid_probe_set_device(probe.get(), copy.fd(), 0, 0) != 0) {
        fail("libblkid");
    }
    // Partition tables count in the device's own blocks, which a file does not say.
    blkid_probe_set_sectorsize(probe.get(), geometry.block_bytes);
    blkid_probe_enable_superblocks(probe.get(), 1);
    blkid_probe_set_superblocks_flags(probe.get(), BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE);
    blkid_probe_enable_partitions(probe.get(), 1);
    const int found = blkid_do_safeprobe(probe.get());
    constexpr int nothing = 1;
    constexpr int ambivalent = -2;
    if (found == nothing) {
        return "";
    }
    if (found == ambivalent) {
        return "several signatures at once";
    }
    if (found != 0) {
        fail("libblkid could not look at the copy");
    }
    const std::string type = text_of(probe.get(), "TYPE");
    const std::string table = text_of(probe.get(), "PTTYPE");
    if (!type.empty()) {
        const std::string usage = text_of(probe.get(), "USAGE");
        return fmt::format("a signature of {} ({})", type, usage.empty() ? "unknown use" : usage);
    }
    return table.empty() ? "a signature that libblkid knows"
                         : fmt::format("a partition table ({})", table);
}

} // namespace bench::campaign
