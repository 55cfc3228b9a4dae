// SPDX-License-Identifier: Apache-2.0
// What each array must hold as far as another host wrote it, on its way into the run's folder:
// asked for piece by piece, so that neither side needs memory for all of it.
#include "bench/campaign/expectation_files.h"
#include "bench/campaign/host_leader.h"
#include "bench/campaign/host_letters.h"
#include "bench/campaign/lab.h"
#include "drivers/api/errors.h"
#include "results/folder_files.h"
#include "results/part_file.h"
#include "results/whole_file.h"

#include <unistd.h>

#include <cerrno>
#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;
using hosts::LetterKind;

namespace {

constexpr std::size_t piece_bytes = 4U << 20U;
constexpr std::uint64_t file_bytes_max = 1ULL << 40U; // As much as an expectation can take.
constexpr drivers::Duration piece_patience = 2min;

} // namespace

std::string expectation_piece(const std::string& path, std::uint64_t from_bytes) {
    const auto [folder, name] = results::parent_and_leaf(path);
    const results::Descriptor file = results::open_file_in(folder, name);
    std::string out(piece_bytes, '\0');
    std::size_t have = 0;
    while (have < out.size()) {
        const ssize_t got = ::pread(file.number(),
                                    out.data() + have,
                                    out.size() - have,
                                    static_cast<off_t>(from_bytes + have));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw drivers::HostError(fmt::format("{}: {}", path, results::file_reason(errno)));
        }
        if (got == 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    out.resize(have);
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
            const std::string name = expectation_file_name(one.planned->name, share);
            const std::string path = folder + "/" + name;
            if (!one.child && results::is_there_in(folder, name)) {
                give_expectation(i, array, path);
            }
        }
    }
}

// An array that this host wrote nothing to has none: the first piece is empty.
void HostLeader::take_expectation(std::size_t link, std::size_t array, const std::string& path) {
    const auto [folder, name] = results::parent_and_leaf(path);
    results::PartFile to(folder, name);
    std::uint64_t taken = 0;
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
        to.put(piece.data(), piece.size());
    }
    if (taken > 0) {
        to.keep();
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
