// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/judged_place.h"

#include "results/whole_file.h"

#include <fcntl.h>

#include <ext/stdio_filebuf.h>

namespace bench::plan {

namespace {

// Of an open file, whatever stands by now where it was found.
class OpenFileStream final : public std::istream {
public:
    explicit OpenFileStream(const results::Descriptor& file)
        : std::istream(nullptr)
        , buffer_(::fcntl(file.number(), F_DUPFD_CLOEXEC, 0), std::ios::in | std::ios::binary) {
        rdbuf(&buffer_);
    }

private:
    __gnu_cxx::stdio_filebuf<char> buffer_; // Closes its descriptor.
};

std::unique_ptr<std::istream> open_judged(const std::string& folder, const std::string& name) {
    return std::make_unique<OpenFileStream>(results::open_file_in(folder, name));
}

} // namespace

profiles::FilePlace judged_place(const std::string& run_folder) {
    return {run_folder, "inputs", &open_judged};
}

} // namespace bench::plan
