private let thirdPartySDKList = """
第三方SDK目录

更新日期：2026年1月5日

本应用集成了以下SDK：

一、Apple系统SDK

1. Foundation
   • 提供方：Apple Inc.
   • 功能：基础框架支持，提供基本数据类型和集合
   • 收集信息：无

2. 微信开放平台SDK
   • 提供方：深圳市腾讯计算机系统有限公司
   • 功能：微信登录、分享
   • 收集信息：设备型号、OAID、IP地址

3. 腾讯Bugly
   • 提供方：深圳市腾讯计算机系统有限公司
   • 功能：崩溃统计
   • 收集信息：设备型号、操作系统版本、Android ID
"""
