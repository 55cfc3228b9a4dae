// SPDX-License-Identifier: Apache-2.0
#include "results/whole_file.h"

#include "results/record_error.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <system_error>

namespace results {

namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

class Descriptor {
public:
    explicit Descriptor(int fd)
        : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

// 0 or the error.
int write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote < 0) {
            return errno;
        }
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return 0;
}

} // namespace

void write_whole_file(const std::string& path, std::string_view text) {
    const std::string beside = path + ".part";
    int error = 0;
    {
        const Descriptor file(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (file.get() < 0) {
            error = errno;
        } else {
            error = write_all(file.get(), text);
            if (error == 0 && ::fsync(file.get()) != 0) {
                error = errno;
            }
        }
    }
    if (error == 0 && ::rename(beside.c_str(), path.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        ::unlink(beside.c_str());
        throw WriteError(
            fmt::format("{}: cannot be written ({} bytes): {}", path, text.size(), reason(error)));
    }
}

std::string read_whole_file(const std::string& path, std::uint64_t bytes_max) {
    if (path.empty()) {
        throw RecordError("an empty name: wanted a file");
    }
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (file.get() < 0 || ::fstat(file.get(), &status) != 0) {
        throw RecordError(fmt::format("{}: cannot be read: {}", path, reason(errno)));
    }
    if (!S_ISREG(status.st_mode)) {
        throw RecordError(S_ISDIR(status.st_mode)
                              ? fmt::format("{}: is a folder; wanted a file", path)
                              : fmt::format("{}: not a regular file", path));
    }
    if (static_cast<std::uint64_t>(status.st_size) > bytes_max) {
        throw RecordError(
            fmt::format("{}: {} bytes; wanted at most {}", path, status.st_size, bytes_max));
    }
    std::string out(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t at = 0;
    while (at < out.size()) {
        const ssize_t got = ::read(file.get(), out.data() + at, out.size() - at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw RecordError(fmt::format("{}: cannot be read: {}", path, reason(errno)));
        }
        if (got == 0) {
            break;
        }
        at += static_cast<std::size_t>(got);
    }
    out.resize(at);
    return out;
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw WriteError("SHA-256 is not available from this host's OpenSSL");
    }
    std::string out;
    for (unsigned int i = 0; i < size; ++i) {
        out += fmt::format("{:02x}", digest[i]);
    }
    return out;
}

} // namespace results
