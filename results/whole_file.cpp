// SPDX-License-Identifier: Apache-2.0
#include "results/whole_file.h"

#include "results/folder_files.h"
#include "results/part_file.h"
#include "results/record_error.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <openssl/evp.h>
#include <utility>

namespace results {

namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20U;
constexpr std::size_t entries_max = 1'000'000;
constexpr int folders_deep_max = 16;
constexpr int only_this_one = -1; // What lies in its folders is not asked for.

// Judged by the descriptor: what is looked at is what is read.
Descriptor checked_regular(Descriptor file, const std::string& path) {
    struct stat status {};
    if (!file.is_open() || ::fstat(file.number(), &status) != 0) {
        throw RecordError(fmt::format("{}: cannot be read: {}", path, file_reason(errno)));
    }
    if (!S_ISREG(status.st_mode)) {
        throw RecordError(S_ISDIR(status.st_mode)
                              ? fmt::format("{}: is a folder; wanted a file", path)
                              : fmt::format("{}: not a regular file", path));
    }
    return file;
}

std::string hexadecimal(const unsigned char* digest, unsigned size) {
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        out += fmt::format("{:02x}", digest[i]);
    }
    return out;
}

EntryKind kind_of(mode_t mode) {
    return S_ISREG(mode)   ? EntryKind::regular_file
           : S_ISDIR(mode) ? EntryKind::folder
           : S_ISLNK(mode) ? EntryKind::link
                           : EntryKind::other;
}

void list_below(Descriptor folder,
                const std::string& path,
                const std::string& prefix,
                int depth,
                std::vector<FolderEntry>& out) {
    const bool goes_down = depth >= 0;
    if (depth > folders_deep_max || out.size() > entries_max) {
        throw RecordError(fmt::format("{}/{}: too many files or folders for a run", path, prefix));
    }
    const int again = ::fcntl(folder.number(), F_DUPFD_CLOEXEC, 0);
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again), &::closedir);
    if (!listing) {
        throw RecordError(
            fmt::format("{}/{}: cannot be read: {}", path, prefix, file_reason(errno)));
    }
    while (const dirent* one = ::readdir(listing.get())) { // NOLINT(concurrency-mt-unsafe)
        const std::string leaf = one->d_name;
        struct stat status {};
        if (leaf == "." || leaf == ".." ||
            ::fstatat(folder.number(), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        const EntryKind kind = kind_of(status.st_mode);
        out.push_back({prefix + leaf, kind});
        if (kind == EntryKind::folder && goes_down) {
            Descriptor inner(::openat(
                folder.number(), leaf.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
            if (!inner.is_open()) {
                throw RecordError(fmt::format(
                    "{}/{}{}: cannot be read: {}", path, prefix, leaf, file_reason(errno)));
            }
            list_below(std::move(inner), path, prefix + leaf + "/", depth + 1, out);
        }
    }
}

std::vector<FolderEntry> listed(Descriptor top, const std::string& path, int depth) {
    std::vector<FolderEntry> out;
    list_below(std::move(top), path, "", depth, out);
    std::sort(out.begin(), out.end(), [](const FolderEntry& left, const FolderEntry& right) {
        return left.name < right.name;
    });
    return out;
}

} // namespace

Descriptor::~Descriptor() {
    if (number_ >= 0) {
        ::close(number_);
    }
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
}

std::string read_open_file(int file, const std::string& path, std::uint64_t bytes_max) {
    struct stat status {};
    ::fstat(file, &status);
    if (static_cast<std::uint64_t>(status.st_size) > bytes_max) {
        throw RecordError(
            fmt::format("{}: {} bytes; wanted at most {}", path, status.st_size, bytes_max));
    }
    std::string out(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t at = 0;
    while (at < out.size()) {
        const ssize_t got = ::pread(file, out.data() + at, out.size() - at, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw RecordError(fmt::format("{}: cannot be read: {}", path, file_reason(errno)));
        }
        if (got == 0) {
            break;
        }
        at += static_cast<std::size_t>(got);
    }
    out.resize(at);
    return out;
}

void write_whole_file(const std::string& path, std::string_view text) {
    const auto [parent, leaf] = parent_and_leaf(path);
    write_file_in(parent, leaf, text);
}

std::string read_whole_file(const std::string& path, std::uint64_t bytes_max) {
    if (path.empty()) {
        throw RecordError("an empty name: wanted a file");
    }
    const Descriptor file = checked_regular(
        Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), path);
    return read_open_file(file.number(), path, bytes_max);
}

std::string sha256_hex(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
        throw WriteError("SHA-256 is not available from this host's OpenSSL");
    }
    return hexadecimal(digest.data(), size);
}

Descriptor open_parent_in(const std::string& folder, std::string_view name) {
    Descriptor out(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    while (out.is_open()) {
        const std::size_t slash = name.find('/');
        const std::string part(name.substr(0, slash));
        if (part.empty() || part == "." || part == "..") {
            errno = EINVAL;
            return Descriptor();
        }
        if (slash == std::string_view::npos) {
            break;
        }
        Descriptor inner(
            ::openat(out.number(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        const bool is_link =
            !inner.is_open() &&
            ::fstatat(out.number(), part.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(status.st_mode);
        if (is_link) {
            errno = ELOOP;
        }
        out = std::move(inner);
        name.remove_prefix(slash + 1);
    }
    return out;
}

Descriptor open_file_in(const std::string& folder, const std::string& name) {
    const std::string path = folder + "/" + name;
    const Descriptor parent = open_parent_in(folder, name);
    if (!parent.is_open()) {
        throw RecordError(fmt::format("{}: cannot be read: {}", path, file_reason(errno)));
    }
    const std::string leaf = parent_and_leaf(name).second;
    return checked_regular(
        Descriptor(::openat(parent.number(),
                            leaf.c_str(),
                            O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)),
        path);
}

void write_file_in(const std::string& folder, const std::string& name, std::string_view text) {
    PartFile file(folder, name);
    file.put(text.data(), text.size());
    file.keep();
}

std::string
read_file_in(const std::string& folder, const std::string& name, std::uint64_t bytes_max) {
    return read_open_file(open_file_in(folder, name).number(), folder + "/" + name, bytes_max);
}

std::string sha256_of_file_in(const std::string& folder, const std::string& name) {
    const Descriptor file = open_file_in(folder, name);
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                     &EVP_MD_CTX_free);
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
        throw WriteError("SHA-256 is not available from this host's OpenSSL");
    }
    std::string piece(piece_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(file.number(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw RecordError(
                fmt::format("{}/{}: cannot be read: {}", folder, name, file_reason(errno)));
        }
        if (got == 0) {
            break;
        }
        EVP_DigestUpdate(context.get(), piece.data(), static_cast<std::size_t>(got));
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context.get(), digest.data(), &size);
    return hexadecimal(digest.data(), size);
}

std::vector<FolderEntry> entries_below(const std::string& folder) {
    Descriptor top(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!top.is_open()) {
        throw RecordError(fmt::format("{}: cannot be read: {}", folder, file_reason(errno)));
    }
    return listed(std::move(top), folder, 0);
}

std::vector<FolderEntry> entries_of_folder_in(const std::string& folder, const std::string& name) {
    const std::string path = folder + "/" + name;
    const Descriptor parent = open_parent_in(folder, name);
    Descriptor top(parent.is_open() ? ::openat(parent.number(),
                                               parent_and_leaf(name).second.c_str(),
                                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                                    : -1);
    if (!top.is_open()) {
        throw RecordError(fmt::format("{}: cannot be read: {}", path, file_reason(errno)));
    }
    return listed(std::move(top), path, only_this_one);
}

} // namespace results
