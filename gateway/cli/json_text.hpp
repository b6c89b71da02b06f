#pragma once
#include "gateway/core/json_text.hpp"
