// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <memory>
#include <string>

namespace profiles {

// Where a description may have its files: wherever it says, or in a part of one folder that has
// been in other hands. There every file is opened by whoever knows how to go down through no link,
// and read through what was opened: what was judged is what is read.
class FilePlace {
public:
    // A regular file below `folder`, from its beginning. Throws what says why it cannot be read.
    using Open = std::unique_ptr<std::istream> (*)(const std::string& folder,
                                                   const std::string& name);

    FilePlace() = default; // Wherever it says.
    FilePlace(const std::string& folder, const std::string& part, Open opener);

    bool is_anywhere() const noexcept { return open_ == nullptr; }
    const std::string& folder() const noexcept { return folder_; }

    // Whether a description may name this file, by its absolute path.
    bool holds(const std::string& path) const;

    // Of a file that it holds, its name below the folder. Throws FileError for any other.
    std::string name_of(const std::string& path) const;
    std::unique_ptr<std::istream> open(const std::string& path) const;

private:
    std::string folder_; // Absolute, without "." and "..".
    std::string part_;   // Of it, where the files are.
    Open open_ = nullptr;
};

} // namespace profiles
