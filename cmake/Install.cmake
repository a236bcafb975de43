# What an embedder gets: headers, static libraries, CMake's and pkg-config's descriptions.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/restate)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/restate DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS restate restate_testing EXPORT restate-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set_target_properties(restate_testing PROPERTIES EXPORT_NAME testing)
install(EXPORT restate-targets NAMESPACE restate:: DESTINATION ${package_dir})
# Components of the package, each with libraries that only its users have to have.
get_property(restate_parts GLOBAL PROPERTY RESTATE_PARTS)
foreach(part IN LISTS restate_parts)
  install(TARGETS restate_${part} EXPORT restate-${part}-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT restate-${part}-targets NAMESPACE restate:: DESTINATION ${package_dir})
endforeach()

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/restate-config.cmake.in
  ${PROJECT_BINARY_DIR}/restate-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/restate-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/restate-config.cmake ${PROJECT_BINARY_DIR}/restate-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLibuv.cmake ${PROJECT_SOURCE_DIR}/cmake/FindNghttp2.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindLlhttp.cmake ${PROJECT_SOURCE_DIR}/cmake/FindXxhash.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindRdkafka.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindZstd.cmake
  DESTINATION ${package_dir})

# Relative to the file itself, so that the installed tree can move.
file(RELATIVE_PATH restate_pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" restate_pc_to_prefix "${restate_pc_to_prefix}")
set(restate_pc_libs "")
if(NOT Llhttp_SOURCES)
  string(APPEND restate_pc_libs " -lllhttp")
endif()
if(RESTATE_SANITIZE)
  string(APPEND restate_pc_libs " -fsanitize=${RESTATE_SANITIZE}")
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/restate.pc.in ${PROJECT_BINARY_DIR}/restate.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/restate.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(restate_kafka_pc_text "Topics of Kafka for an engine inside of a program")
set(restate_kafka_pc_libs "-lrdkafka")
set(restate_lambda_pc_text "Functions on AWS Lambda for an engine inside of a program")
set(restate_lambda_pc_libs "-lcurl -lzstd -lcrypto")
foreach(part IN LISTS restate_parts)
  set(restate_part_text "${restate_${part}_pc_text}")
  set(restate_part_libs "${restate_${part}_pc_libs}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/restate-part.pc.in
    ${PROJECT_BINARY_DIR}/restate-${part}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/restate-${part}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
