// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/block_device/kernel_view.h"

#include <optional>
#include <string>

namespace drivers::block_device {

// A file or block device, open for as long as this object lives. It is open for writing only if
// nobody else uses it, and then claimed, so that nobody can mount or claim it meanwhile: an
// exclusive open of a device, an exclusive lock of a file. All drivers of one process share the
// claim. Otherwise it is open for reading, and `in_use()` says who uses it.
class OpenedFile {
public:
    // Throws UsageError (no such path, neither file nor device, too small, a regular file below
    // /dev where a device was meant), HostError (no right to open it, no direct I/O on a device).
    OpenedFile(const std::string& path, const KernelView& view);
    ~OpenedFile();
    OpenedFile(const OpenedFile&) = delete;
    OpenedFile& operator=(const OpenedFile&) = delete;

    int fd() const noexcept { return fd_; }
    bool is_device() const noexcept { return is_device_; }
    bool is_writable() const noexcept { return writable_; }
    bool is_direct() const noexcept { return direct_; } // False: through the page cache.
    const std::string& in_use() const noexcept { return in_use_; }
    const struct stat& status() const noexcept { return status_; }
    std::uint32_t block_bytes() const noexcept { return block_bytes_; }
    std::uint64_t size_bytes() const noexcept { return size_bytes_; }
    const std::string& path() const noexcept { return path_; }
    // A name of what was opened, wherever path() leads meanwhile.
    const std::string& pinned_path() const noexcept { return pinned_; }

    // Asked now: what the path leads to, if that is not what is open here; none: it is, or the path
    // leads nowhere.
    std::optional<struct stat> replacement() const;
    std::uint64_t size_bytes_now() const noexcept; // As when it was opened where nobody says.

private:
    void refuse_stray_file() const;
    bool open_to_write(const KernelView& view);
    bool claim();
    bool share_claim(); // Takes over a descriptor that this process has claimed already.
    void open_to_read();
    void measure();
    void close() noexcept;

    std::string path_;
    std::string pinned_;
    struct stat status_ {};
    int pin_ = -1; // Opened first; opens nothing by itself.
    int fd_ = -1;
    bool is_device_ = false;
    bool writable_ = false;
    bool direct_ = true;
    std::string in_use_;
    std::uint32_t block_bytes_ = 512;
    std::uint64_t size_bytes_ = 0;
};

} // namespace drivers::block_device
