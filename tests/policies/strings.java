    static final String THIRD_PARTY_LIST =
            "《第三方信息共享清单》\n\n"
            + "更新及生效日期：2026年9月19日\n\n"
            + "SDK名称：TapSDK（TapTap 登录、合规认证）\n"
            + "服务提供方：易玩（上海）网络科技有限公司\n"
            + "使用目的：提供 TapTap 账号登录、实名认证。\n"
            + "可能处理的信息：OAID、Android ID、设备型号、设备制造商、操作系统及版本、"
            + "网络类型、Wi-Fi状态\n\n"
            + "SDK名称：极光推送 SDK\n"
            + "服务提供方：深圳市和讯华谷信息技术有限公司\n"
            + "可能处理的信息：IMEI、MAC地址、应用列表\n";
