# What an embedder gets: headers, the libraries of both kinds, CMake's and pkg-config's descriptions. Components:
# `library` is what programs need that run, `development` what programs need that are built; `kafka`, `lambda` and
# `sql` are both of a part (restate_part).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/restate)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/restate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  COMPONENT development)
set_target_properties(restate_shared PROPERTIES EXPORT_NAME restate)
set_target_properties(restate_testing restate_shared_testing PROPERTIES EXPORT_NAME testing)
install(TARGETS restate restate_testing EXPORT restate-static-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(TARGETS restate_shared restate_shared_testing EXPORT restate-shared-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
foreach(kind static shared)
  install(EXPORT restate-${kind}-targets NAMESPACE restate:: DESTINATION ${package_dir} COMPONENT development)
endforeach()
get_property(restate_parts GLOBAL PROPERTY RESTATE_PARTS)
foreach(part IN LISTS restate_parts)
  install(TARGETS restate_${part} EXPORT restate-${part}-static-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${part})
  install(TARGETS restate_${part}_shared EXPORT restate-${part}-shared-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${part})
  foreach(kind static shared)
    install(EXPORT restate-${part}-${kind}-targets NAMESPACE restate:: DESTINATION ${package_dir} COMPONENT ${part})
  endforeach()
endforeach()

set(restate_default_kind static)
if(BUILD_SHARED_LIBS)
  set(restate_default_kind shared)
endif()
set(restate_has_llhttp OFF)  # ON: its objects are among ours
if(Llhttp_SOURCES)
  set(restate_has_llhttp ON)
endif()
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/restate-config.cmake.in
  ${PROJECT_BINARY_DIR}/restate-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/restate-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/restate-config.cmake ${PROJECT_BINARY_DIR}/restate-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLibuv.cmake ${PROJECT_SOURCE_DIR}/cmake/FindNghttp2.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLlhttp.cmake ${PROJECT_SOURCE_DIR}/cmake/FindXxhash.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindRdkafka.cmake ${PROJECT_SOURCE_DIR}/cmake/FindZstd.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindDuckDB.cmake
  DESTINATION ${package_dir} COMPONENT development)

# Relative to the file itself, so that the installed tree can move. What it says is for the shared library;
# `pkg-config --static` adds what the static one needs.
file(RELATIVE_PATH restate_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" restate_pc_to_prefix "${restate_pc_to_prefix}")
set(restate_pc_libs "")
set(restate_pc_private_libs "")
if(NOT Llhttp_SOURCES)
  string(APPEND restate_pc_private_libs " -lllhttp")
endif()
if(RESTATE_SANITIZE)
  string(APPEND restate_pc_libs " -fsanitize=${RESTATE_SANITIZE}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/restate.pc.in ${PROJECT_BINARY_DIR}/restate.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/restate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)
set(restate_kafka_pc_text "Topics of Kafka for an engine inside of a program")
set(restate_kafka_pc_libs "-lrdkafka")
set(restate_lambda_pc_text "Functions on AWS Lambda for an engine inside of a program")
set(restate_lambda_pc_libs "-lcurl -lzstd -lcrypto")
set(restate_sql_pc_text "SQL for an engine inside of a program")
if(RESTATE_SQL)
  get_filename_component(duckdb_folder ${DuckDB_LIBRARY} DIRECTORY)
endif()
set(restate_sql_pc_libs "-L${duckdb_folder} -lduckdb")
foreach(part IN LISTS restate_parts)
  set(restate_part_text "${restate_${part}_pc_text}")
  set(restate_part_libs "${restate_${part}_pc_libs}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/restate-part.pc.in
    ${PROJECT_BINARY_DIR}/restate-${part}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/restate-${part}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${part})
endforeach()
