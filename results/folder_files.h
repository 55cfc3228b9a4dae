// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// What is done to files below a run's folder, which may have been in other hands: through no
// symbolic link, and to none.
namespace results {

// What the system says, in words; of a link that none is followed.
std::string file_reason(int error);

// Whether something of that name is there, be it a link that leads nowhere.
bool is_there_in(const std::string& folder, const std::string& name);

// A folder that was not there; false where one is. Something else in its place, or on the way to
// it, is a WriteError.
bool make_folder_in(const std::string& folder, const std::string& name);

// Of a link the link. What is not there need not be removed. Throws WriteError.
void remove_file_in(const std::string& folder, const std::string& name);

// A regular file into another folder, of any size. Throws RecordError, WriteError.
void copy_file_in(const std::string& from_folder,
                  const std::string& from_name,
                  const std::string& to_folder,
                  const std::string& to_name);

// Throws RecordError unless a plan and all that it took in are regular files: what a program reads
// by name cannot lead elsewhere, and nothing is waited for.
void check_inputs_in(const std::string& folder);

// Throws RecordError, naming the path, unless a run's folder holds files and folders only, its
// rounds files that can be read whole: before anything is done for hours that could not be kept
// there.
void check_goes_on_in(const std::string& folder);

} // namespace results
