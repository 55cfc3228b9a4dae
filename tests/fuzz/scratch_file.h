// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace fuzz {

// One file for what is only read from files, gone with the process that made it.
class ScratchFile {
public:
    ScratchFile()
        : path_((std::filesystem::temp_directory_path() / "fuzz-XXXXXX").string())
        , fd_(::mkstemp(path_.data())) {
        if (fd_ < 0) {
            std::abort();
        }
    }
    ~ScratchFile() {
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    const std::string& path() const { return path_; }

    void hold(std::string_view content) const {
        const bool written =
            ::ftruncate(fd_, 0) == 0 && ::pwrite(fd_, content.data(), content.size(), 0) ==
                                            static_cast<ssize_t>(content.size());
        if (!written) {
            std::abort();
        }
    }

private:
    std::string path_;
    int fd_;
};

} // namespace fuzz
