// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_place.h"

#include "profiles/file_error.h"

#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace profiles {

namespace fs = std::filesystem;

FilePlace::FilePlace(const std::string& folder, const std::string& part, Open opener)
    : folder_(fs::absolute(folder).lexically_normal().string())
    , part_(part)
    , open_(opener) {}

bool FilePlace::holds(const std::string& path) const {
    if (is_anywhere()) {
        return true;
    }
    if (path.empty()) {
        return false;
    }
    const fs::path below =
        fs::absolute(path).lexically_normal().lexically_relative(fs::path(folder_) / part_);
    return !below.empty() && !below.string().starts_with('.');
}

std::string FilePlace::name_of(const std::string& path) const {
    if (is_anywhere() || !holds(path)) {
        throw FileError(fmt::format("{}: wanted a file below {}/{}", path, folder_, part_));
    }
    return fs::absolute(path).lexically_normal().lexically_relative(folder_).string();
}

std::unique_ptr<std::istream> FilePlace::open(const std::string& path) const {
    return open_(folder_, name_of(path));
}

} // namespace profiles
