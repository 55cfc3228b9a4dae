// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lun_lease.h"

#include "bench/campaign/lun_names.h"
#include "drivers/api/errors.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <fmt/format.h>
#include <random>
#include <system_error>
#include <thread>
#include <utility>

namespace bench::campaign {

namespace {

constexpr mode_t for_everybody = 0777;
constexpr mode_t read_and_write = 0666;

[[noreturn]] void fail(const std::string& path, const char* what) {
    throw drivers::HostError(
        fmt::format("{}: {}: {}", path, what, std::generic_category().message(errno)));
}

// A folder in which everybody may make files and nobody may take away another's.
bool is_shared_folder(const struct stat& found) {
    return S_ISDIR(found.st_mode) && (found.st_mode & S_ISVTX) != 0 &&
           (found.st_mode & for_everybody) == for_everybody;
}

struct Descriptor {
    explicit Descriptor(int number)
        : fd(number) {}
    ~Descriptor() {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int fd;
};

// Made by whoever comes first; never one that a link leads to.
int open_folder(const std::string& path) {
    if (::mkdir(path.c_str(), for_everybody) == 0) {
        (void)::chmod(path.c_str(), for_everybody | S_ISVTX); // Whatever the umask.
    } else if (errno != EEXIST) {
        fail(path, "cannot be made for the leases of LUNs");
    }
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        fail(path, "is no folder for the leases of LUNs");
    }
    return fd;
}

// Not with O_CREAT where it is there: in a shared folder Linux then refuses what another user made
// (fs.protected_regular).
int open_file(int folder, const std::string& name) {
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    for (int attempt = 0; attempt < 3; ++attempt) {
        int fd = ::openat(folder, name.c_str(), flags);
        if (fd < 0 && errno == ENOENT) {
            fd = ::openat(folder, name.c_str(), flags | O_CREAT | O_EXCL, read_and_write);
            if (fd >= 0) {
                (void)::fchmod(fd, read_and_write); // Whatever the umask.
            }
        }
        if (fd >= 0 || errno != EEXIST) {
            return fd;
        }
    }
    return -1;
}

// "token\nwho took it\nwho shares it\n...".
struct Holder {
    std::string token;
    std::string who;
};

Holder holder_of(int fd) {
    std::array<char, 1024> text{};
    const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
    std::string all(text.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const std::size_t line = all.find('\n');
    if (line == std::string::npos) {
        return {};
    }
    Holder out{all.substr(0, line), all.substr(line + 1)};
    for (std::size_t at = out.who.find('\n'); at != std::string::npos; at = out.who.find('\n')) {
        out.who.replace(at, 1, "; ");
    }
    return out;
}

void put(int fd, const std::string& text, off_t at) {
    if (::pwrite(fd, text.data(), text.size(), at) != static_cast<ssize_t>(text.size())) {
        fail("a LUN's lease", "cannot be written");
    }
}

bool try_lock(int fd, int kind) {
    return ::flock(fd, kind | LOCK_NB) == 0;
}

// Alone, and then as one who shares. The kernel lets go of a lock before it gives the other kind,
// so that another run may come between: what stands there is looked at again.
bool take_free(int fd, const std::string& token) {
    if (!try_lock(fd, LOCK_EX)) {
        return false;
    }
    if (::ftruncate(fd, 0) != 0) {
        fail("a LUN's lease", "cannot be cut");
    }
    put(fd, token + "\n" + lease_holder(), 0);
    if (try_lock(fd, LOCK_SH) && holder_of(fd).token == token) {
        return true;
    }
    (void)::flock(fd, LOCK_UN);
    return false;
}

// Beside other parts of the same run, as long as one of them is there: where the last has just
// ended another run may have come between.
bool join_held(int fd, const std::string& token) {
    if (holder_of(fd).token != token || !try_lock(fd, LOCK_SH)) {
        return false;
    }
    if (holder_of(fd).token != token) {
        (void)::flock(fd, LOCK_UN);
        return false;
    }
    struct stat found {};
    if (::fstat(fd, &found) == 0) { // Two at once: one of them is not named.
        put(fd, "\n" + lease_holder(), found.st_size);
    }
    return true;
}

} // namespace

std::string lease_part_name(std::uint32_t index, std::uint32_t count) {
    return fmt::format("{}-of-{}", index + 1, count);
}

std::string lease_holder() {
    std::array<char, 32> at{};
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    (void)std::strftime(at.data(), at.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    std::array<char, 256> host{};
    (void)::gethostname(host.data(), host.size() - 1);
    return fmt::format(
        "process {} of user {} on {}, since {}", ::getpid(), ::getuid(), host.data(), at.data());
}

std::string new_lease_token() {
    std::random_device chance;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", chance(), chance(), chance(), chance());
}

std::string lease_folder() {
    if (const char* named = std::getenv("ARRAYBENCH_LEASES"); named != nullptr) {
        return named;
    }
    for (const char* place : {"/run/lock", "/dev/shm"}) {
        struct stat found {};
        if (::lstat(place, &found) == 0 && is_shared_folder(found)) {
            return std::string(place) + "/arraybench";
        }
    }
    return "/tmp/arraybench";
}

LunLease::LunLease(const drivers::LunMark& lun, const std::string& token, const std::string& part) {
    std::string name = file_name_of(lun);
    if (name.empty()) {
        return;
    }
    name += part.empty() ? "" : "-part-" + part;
    const std::string path = lease_folder();
    const Descriptor folder(open_folder(path));
    Descriptor file(open_file(folder.fd, name));
    struct stat found {};
    if (file.fd < 0 || ::fstat(file.fd, &found) != 0) {
        fail(path + "/" + name, "cannot be opened for the lease of a LUN");
    }
    if (!S_ISREG(found.st_mode) || found.st_nlink != 1) {
        throw drivers::HostError(
            fmt::format("{}/{}: wanted a file of its own for the lease of a LUN", path, name));
    }
    constexpr int looks = 20; // A holder may just be about to say who it is.
    for (int look = 0; !take_free(file.fd, token) && !join_held(file.fd, token); ++look) {
        if (look == looks) {
            const Holder holder = holder_of(file.fd);
            throw drivers::SafetyError(
                fmt::format("{}{} is held by another run: {}",
                            part.empty() ? "" : "part " + part + " of ",
                            drivers::text_of(lun),
                            holder.who.empty() ? "which does not say who it is" : holder.who));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    fd_ = std::exchange(file.fd, -1);
}

LunLease::~LunLease() {
    if (fd_ >= 0) {
        ::close(fd_); // The file stays: who removed it could remove another's.
    }
}

LunLease::LunLease(LunLease&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

} // namespace bench::campaign
