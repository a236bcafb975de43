# Runs between the installation into staging folders, one a package, and the packing: what Debian's policy wants
# compressed or stripped, and the changelogs, which are made from changelog.d.
set(source ${CMAKE_CURRENT_LIST_DIR}/..)

function(compress file)
  # Without name and time, so that the same tree makes the same package.
  execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(GLOB fragments ${source}/changelog.d/*.md)
list(SORT fragments)
set(changes "restate ${CPACK_PACKAGE_VERSION}\n")
foreach(fragment IN LISTS fragments)
  get_filename_component(name ${fragment} NAME_WE)
  if(NOT name STREQUAL "README")
    file(READ ${fragment} text)
    string(APPEND changes "\n${name}\n\n${text}")
  endif()
endforeach()
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(seconds --date=@$ENV{SOURCE_DATE_EPOCH})
endif()
execute_process(COMMAND date --utc -R ${seconds} OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)

foreach(group SERVER LIBRARY DEVELOPMENT)
  string(TOLOWER ${group} folder)
  set(root ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${folder})
  if(NOT IS_DIRECTORY ${root}/usr)
    message(FATAL_ERROR "${root} is not where a package is staged")
  endif()
  set(package ${CPACK_DEBIAN_${group}_PACKAGE_NAME})

  # What is installed and not built here: nobody has stripped it. Of archives the linker needs all names.
  file(GLOB_RECURSE libraries ${root}/usr/lib/*.so ${root}/usr/lib/*.so.*)
  foreach(library IN LISTS libraries)
    if(NOT IS_SYMLINK ${library})
      execute_process(COMMAND strip --strip-unneeded ${library} COMMAND_ERROR_IS_FATAL ANY)
    endif()
  endforeach()
  file(GLOB_RECURSE archives ${root}/usr/lib/*.a)
  foreach(archive IN LISTS archives)
    execute_process(COMMAND strip --strip-debug --enable-deterministic-archives ${archive}
      COMMAND_ERROR_IS_FATAL ANY)
  endforeach()

  set(doc ${root}/usr/share/doc/${package})
  file(WRITE ${doc}/changelog "${changes}")
  file(WRITE ${doc}/changelog.Debian
    "restate-server (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium\n\n"
    "  * Changes are listed in changelog.gz.\n\n"
    " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB pages ${root}/usr/share/man/man*/*)
  foreach(file IN LISTS pages ITEMS ${doc}/changelog ${doc}/changelog.Debian)
    compress(${file})
  endforeach()
endforeach()
