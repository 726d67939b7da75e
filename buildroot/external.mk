include $(sort $(wildcard $(BR2_EXTERNAL_MADOGUCHI_PATH)/package/*/*.mk))
