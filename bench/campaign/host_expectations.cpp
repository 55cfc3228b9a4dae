// SPDX-License-Identifier: Apache-2.0
// What each array must hold as far as another host wrote it, on its way into the run's folder:
// asked for piece by piece, so that neither side needs memory for all of it.
#include "bench/campaign/expectation_files.h"
#include "bench/campaign/host_leader.h"
#include "bench/campaign/host_letters.h"
#include "bench/campaign/lab.h"
#include "drivers/api/errors.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

namespace bench::campaign {

using namespace std::chrono_literals;
using hosts::LetterKind;

namespace {

constexpr std::size_t piece_bytes = 4U << 20U;
constexpr std::uint64_t file_bytes_max = 1ULL << 40U; // As much as an expectation can take.
constexpr drivers::Duration piece_patience = 2min;

struct CloseFile {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File opened(const std::string& path, const char* mode) {
    File out(std::fopen(path.c_str(), mode));
    if (!out) {
        throw drivers::HostError(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return out;
}

} // namespace

std::string expectation_piece(const std::string& path, std::uint64_t from_bytes) {
    const File file = opened(path, "rb");
    std::string out(piece_bytes, '\0');
    if (std::fseek(file.get(), static_cast<long>(from_bytes), SEEK_SET) != 0) {
        return {};
    }
    out.resize(std::fread(out.data(), 1, out.size(), file.get()));
    return out;
}

void HostLeader::give_expectation(std::size_t link, std::size_t array, const std::string& path) {
    std::uint64_t given = 0;
    for (;;) {
        const std::string piece = expectation_piece(path, given);
        order_one(link, LetterKind::recall, recall_letter({{array, given}, piece}));
        (void)answer(fellowship_.link(link), LetterKind::ready, piece_patience);
        if (piece.empty()) {
            return;
        }
        given += piece.size();
    }
}

// Of an emulated array, which begins anew with the run, nobody has to know anything.
void HostLeader::recall_expectations(const std::string& folder) {
    cancel_pending();
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        for (std::size_t array = 0; array < lab_->arrays().size(); ++array) {
            const HostShare share{static_cast<std::uint32_t>(i + 1), fellowship_.size()};
            const ArrayUnderTest& one = lab_->arrays()[array];
            const std::string path =
                fmt::format("{}/{}", folder, expectation_file_name(one.planned->name, share));
            if (!one.child && std::filesystem::exists(path)) {
                give_expectation(i, array, path);
            }
        }
    }
}

// An array that this host wrote nothing to has none: the first piece is empty.
void HostLeader::take_expectation(std::size_t link, std::size_t array, const std::string& path) {
    const std::string part = path + ".part";
    std::uint64_t taken = 0;
    {
        const File to = opened(part, "wb");
        for (;;) {
            order_one(link, LetterKind::expectation, expectation_letter({array, taken}));
            const std::string piece =
                answer(fellowship_.link(link), LetterKind::expectation, piece_patience);
            if (piece.empty()) {
                break;
            }
            taken += piece.size();
            if (taken > file_bytes_max) {
                throw hosts::HostLost("an expectation without an end");
            }
            if (std::fwrite(piece.data(), 1, piece.size(), to.get()) != piece.size()) {
                throw drivers::HostError(fmt::format("{}: {}", part, std::strerror(errno)));
            }
        }
    }
    if (taken > 0) {
        std::filesystem::rename(part, path);
    } else {
        std::filesystem::remove(part);
    }
}

void HostLeader::gather_expectations(const std::string& folder) {
    if (lab_ == nullptr) {
        return;
    }
    cancel_pending();
    for (std::size_t i = 0; i < fellowship_.links(); ++i) {
        try {
            for (std::size_t array = 0; array < lab_->arrays().size(); ++array) {
                const HostShare share{static_cast<std::uint32_t>(i + 1), fellowship_.size()};
                const std::string name =
                    expectation_file_name(lab_->arrays()[array].planned->name, share);
                take_expectation(i, array, fmt::format("{}/{}", folder, name));
            }
        } catch (const hosts::HostLost&) { // verify-data says whose part is missing.
        }
    }
}

} // namespace bench::campaign
