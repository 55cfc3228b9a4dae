// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/opened_file.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <system_error>

namespace drivers::block_device {

namespace {

constexpr std::size_t page_bytes = 4096;

std::string error_text(int error) {
    return std::generic_category().message(error);
}

bool same_file(const struct stat& a, const struct stat& b) {
    return S_ISBLK(a.st_mode) == S_ISBLK(b.st_mode) &&
           (S_ISBLK(a.st_mode) ? a.st_rdev == b.st_rdev
                               : a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

struct FreePage {
    void operator()(std::byte* page) const { std::free(page); }
};

// The smallest piece that direct I/O moves here; 0 = none, this file system has no direct I/O.
std::uint32_t direct_piece_bytes(int fd) {
    const std::unique_ptr<std::byte, FreePage> page(
        static_cast<std::byte*>(std::aligned_alloc(page_bytes, page_bytes)));
    for (const std::uint32_t piece : {512U, 4096U}) {
        if (page && ::pread(fd, page.get(), piece, piece) == static_cast<ssize_t>(piece)) {
            return piece;
        }
    }
    return 0;
}

} // namespace

OpenedFile::OpenedFile(const std::string& path, const KernelView& view)
    : path_(path) {
    // What the name leads to now is what is judged, and nothing else is ever opened: everything
    // that follows goes through this descriptor, wherever the name leads by then.
    pin_ = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (pin_ < 0 || ::fstat(pin_, &status_) != 0) {
        const int error = errno;
        close();
        throw UsageError(fmt::format("{}: {}", path, error_text(error)));
    }
    pinned_ = fmt::format("/proc/self/fd/{}", pin_);
    is_device_ = S_ISBLK(status_.st_mode);
    try {
        if (!is_device_ && !S_ISREG(status_.st_mode)) {
            throw UsageError(fmt::format("{}: wanted a block device or a regular file", path));
        }
        refuse_stray_file();
        in_use_ = is_device_ ? device_user(status_.st_rdev, view) : file_user(path, status_, view);
        if (!in_use_.empty() || !open_to_write(view)) {
            open_to_read();
        }
        measure();
    } catch (...) {
        close();
        throw;
    }
}

// fio and dd make a file in memory of a name below /dev that is none: its speed is no array's.
void OpenedFile::refuse_stray_file() const {
    const auto folder = std::filesystem::path(path_).lexically_normal().parent_path();
    if (!is_device_ && folder.string().starts_with("/dev") && folder != "/dev/shm" &&
        !folder.string().starts_with("/dev/shm/")) {
        throw UsageError(fmt::format("{}: a regular file where devices are, such as tools leave "
                                     "after a mistyped name: wanted a block device",
                                     path_));
    }
}

OpenedFile::~OpenedFile() {
    close();
}

std::optional<struct stat> OpenedFile::replacement() const {
    struct stat seen {};
    const bool other = ::stat(path_.c_str(), &seen) == 0 && !same_file(seen, status_);
    return other ? std::optional(seen) : std::nullopt;
}

std::uint64_t OpenedFile::size_bytes_now() const noexcept {
    std::uint64_t device_bytes = 0;
    struct stat seen {};
    if (is_device_) {
        return ::ioctl(fd_, BLKGETSIZE64, &device_bytes) == 0 ? device_bytes : size_bytes_;
    }
    return ::fstat(fd_, &seen) == 0 ? static_cast<std::uint64_t>(seen.st_size) : size_bytes_;
}

void OpenedFile::close() noexcept {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
    if (pin_ >= 0) {
        ::close(pin_);
        pin_ = -1;
    }
}

bool OpenedFile::open_to_write(const KernelView& view) {
    if (share_claim()) {
        return true;
    }
    // O_EXCL of a block device: mounts, RAID, device-mapper and other exclusive openers keep off.
    const int flags = O_RDWR | O_CLOEXEC | (is_device_ ? O_EXCL : 0);
    fd_ = ::open(pinned_.c_str(), flags | O_DIRECT);
    if (fd_ < 0 && errno == EINVAL && !is_device_) { // No direct I/O on this file system.
        direct_ = false;
        fd_ = ::open(pinned_.c_str(), flags);
    }
    if (fd_ < 0) {
        if (errno == EBUSY) {
            in_use_ = mount_elsewhere(status_.st_rdev, view);
            if (in_use_.empty()) {
                in_use_ = "opened exclusively by another program";
            }
            return false;
        }
        if (errno == EACCES || errno == EPERM || errno == EROFS) {
            return false; // Perhaps it may be read.
        }
        throw HostError(fmt::format("{}: {}", path_, error_text(errno)));
    }
    return claim();
}

bool OpenedFile::claim() {
    if (!is_device_ && ::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        in_use_ = "locked by another program";
        ::close(fd_);
        fd_ = -1;
        return false;
    }
    writable_ = true;
    return true;
}

// The kernel shares a claim among the duplicates of one descriptor and drops it with the last.
bool OpenedFile::share_claim() {
    std::error_code error;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error)) {
        const std::string name = at->path().filename().string();
        int number = -1;
        if (std::from_chars(name.data(), name.data() + name.size(), number).ec != std::errc{}) {
            continue;
        }
        struct stat seen {};
        if (::fstat(number, &seen) != 0 || !same_file(seen, status_)) {
            continue;
        }
        const int copy = ::fcntl(number, F_DUPFD_CLOEXEC, 0);
        const int flags = copy < 0 ? 0 : ::fcntl(copy, F_GETFL);
        const bool ours =
            copy >= 0 && ::fstat(copy, &seen) == 0 && same_file(seen, status_) &&
            (flags & O_ACCMODE) == O_RDWR &&
            (is_device_ ? (flags & O_DIRECT) != 0 : ::flock(copy, LOCK_EX | LOCK_NB) == 0);
        if (ours) {
            fd_ = copy;
            direct_ = (flags & O_DIRECT) != 0;
            writable_ = true;
            return true;
        }
        if (copy >= 0) {
            ::close(copy);
        }
    }
    return false;
}

void OpenedFile::open_to_read() {
    direct_ = true;
    fd_ = ::open(pinned_.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
    if (fd_ < 0 && errno == EINVAL && !is_device_) {
        direct_ = false;
        fd_ = ::open(pinned_.c_str(), O_RDONLY | O_CLOEXEC);
    }
    if (fd_ < 0) {
        throw HostError(fmt::format("{}: {}", path_, error_text(errno)));
    }
}

void OpenedFile::measure() {
    if (is_device_) {
        int logical = 0;
        int read_only = 0;
        if (::ioctl(fd_, BLKSSZGET, &logical) != 0 ||
            ::ioctl(fd_, BLKGETSIZE64, &size_bytes_) != 0 || logical < 512) {
            throw HostError(fmt::format("{}: says no size: {}", path_, error_text(errno)));
        }
        block_bytes_ = static_cast<std::uint32_t>(logical);
        writable_ = writable_ && ::ioctl(fd_, BLKROGET, &read_only) == 0 && read_only == 0;
    } else {
        size_bytes_ = static_cast<std::uint64_t>(status_.st_size);
        const std::uint32_t piece = direct_ ? direct_piece_bytes(fd_) : 512;
        if (piece == 0 && size_bytes_ >= 2 * page_bytes) { // Accepted the flag, refuses the I/O.
            direct_ = false;
            ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) & ~O_DIRECT);
        }
        block_bytes_ = std::max(piece, 512U);
    }
    if (size_bytes_ / block_bytes_ < 2) {
        throw UsageError(fmt::format("{}: of {} bytes, wanted a device or file of at least two "
                                     "blocks of {}; make a file larger with truncate --size",
                                     path_,
                                     size_bytes_,
                                     block_bytes_));
    }
}

} // namespace drivers::block_device
